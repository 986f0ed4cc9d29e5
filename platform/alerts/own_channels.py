"""What people do with channels of their own, by which mentions reach them where they are."""

from django.conf import settings
from django.db import transaction

from alerts import channel_secrets, outbox
from alerts.apprise_services import AddressRefused
from alerts.messages import Message
from alerts.models import Channel, ChannelKind, DeliveryState, EventKind
from teams import audit
from teams.models import User

NO_MAIL = "This site sends no mail: its operator has not set it up."


def choose_mail(user: User) -> Channel:
    """To the address with which the person signs in. Raises AddressRefused where the site sends no mail."""
    if not settings.HAS_MAIL:
        raise AddressRefused(NO_MAIL)
    return _keep(user, Channel(kind=ChannelKind.MAIL))


def choose_message(user: User, address: str) -> Channel:
    """In place of the address before; what waited for that one goes to this one. Raises AddressRefused."""
    message = Message.read(address)
    channel = Channel(kind=ChannelKind.MESSAGE, shown_address=message.shown[:200])
    channel_secrets.seal_message(channel, message)
    return _keep(user, channel)


@transaction.atomic
def drop(user: User, channel: Channel) -> None:
    """With what waits to be sent to it."""
    Channel.objects.filter(id=channel.id, user=user).delete()
    audit.record_in_all_teams(user, "stopped", _words(channel))


@transaction.atomic
def send_test(user: User, channel: Channel) -> bool:
    """One at a time; returns whether there is a new one."""
    own = Channel.objects.select_for_update().select_related(None).get(id=channel.id, user=user)
    if own.deliveries.filter(event__kind=EventKind.TEST, state=DeliveryState.WAITING).exists():
        return False
    Channel.objects.filter(id=own.id).update(quiet_until=None)
    outbox.send_test(own)
    return True


@transaction.atomic
def _keep(user: User, channel: Channel) -> Channel:
    """The person's only one of its kind."""
    fields = {name: getattr(channel, name) for name in ("address", "shown_address")}
    fields |= {
        "name": channel.get_kind_display(),
        "events": [EventKind.MENTION],
        "num_failures": 0,
        "quiet_until": None,
    }
    kept, _ = Channel.objects.update_or_create(user=user, kind=channel.kind, defaults=fields)
    audit.record_in_all_teams(user, "chose", _words(kept))
    return kept


def _words(channel: Channel) -> str:
    return f"mentions by {channel.get_kind_display().lower()}"
