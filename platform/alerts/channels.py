"""What owners do with their team's channels. A webhook's secret is shown when it is made, and not again."""

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
from django.db import transaction
from django.db.models.functions import Now

from alerts import channel_secrets, outbox, signing
from alerts.apprise_services import LONGEST, AddressRefused
from alerts.hosts import HostRefused, find_addresses
from alerts.messages import Message
from alerts.models import Channel, ChannelKind, Delivery, DeliveryState
from teams import audit
from teams.members import require_owner
from teams.models import Team, User

MOST_CHANNELS = 20


@dataclass(frozen=True)
class MadeChannel:
    """A channel, and of a webhook its secret: this is the one time to show it."""

    channel: Channel
    secret: str = field(default="", repr=False)


def make_channel(
    user: User, team: Team, kind: ChannelKind, name: str, address: str, events: Collection[str]
) -> MadeChannel:
    """Raises PermissionDenied, or AddressRefused."""
    require_owner(user, team)
    channel = Channel(team=team, kind=kind, name=name, events=sorted(events))
    secret = ""
    if kind == ChannelKind.WEBHOOK:
        channel.shown_address = check_webhook(address)
        secret = signing.make_secret()
        channel_secrets.seal_webhook(channel, address)
        channel_secrets.seal_secret(channel, secret)
    else:
        message = Message.read(address)
        channel.shown_address = message.shown[:200]
        channel_secrets.seal_message(channel, message)
    with transaction.atomic():
        Team.objects.select_for_update().get(id=team.id)
        if team.channels.count() >= MOST_CHANNELS:
            raise AddressRefused(f"A team has at most {MOST_CHANNELS} channels: delete one first.")
        channel.save()
        audit.record(user, team, "made", f"channel “{name}”", channel.shown_address)
    return MadeChannel(channel, secret)


@transaction.atomic
def change_channel(user: User, channel: Channel, name: str, events: Collection[str], is_on: bool) -> None:
    """Raises PermissionDenied."""
    require_owner(user, channel.team)
    channel.name, channel.events, channel.is_on = name, sorted(events), is_on
    channel.save(update_fields=["name", "events", "is_on"])
    detail = f"{'on' if is_on else 'off'}; {', '.join(channel.events)}"
    audit.record(user, channel.team, "changed", f"channel “{name}”", detail)


@transaction.atomic
def delete_channel(user: User, channel: Channel) -> None:
    """With what it was told. Raises PermissionDenied."""
    require_owner(user, channel.team)
    audit.record(user, channel.team, "deleted", f"channel “{channel.name}”", channel.shown_address)
    channel.delete()


@transaction.atomic
def renew_secret(user: User, channel: Channel) -> MadeChannel:
    """A new secret for a webhook; the old one signs nothing from now on. Raises PermissionDenied."""
    require_owner(user, channel.team)
    secret = signing.make_secret()
    channel_secrets.seal_secret(channel, secret)
    channel.save(update_fields=["secret"])
    audit.record(user, channel.team, "renewed the secret of", f"channel “{channel.name}”")
    return MadeChannel(channel, secret)


@transaction.atomic
def send_test(user: User, channel: Channel) -> Delivery:
    """Raises PermissionDenied."""
    require_owner(user, channel.team)
    audit.record(user, channel.team, "tested", f"channel “{channel.name}”")
    _wake(channel)
    return outbox.send_test(channel)


@transaction.atomic
def send_again(user: User, delivery: Delivery) -> bool:
    """Try a message again that was given up, or that waits for its next try. Raises PermissionDenied."""
    require_owner(user, delivery.channel.team)
    unsent = Delivery.objects.filter(id=delivery.id).exclude(state=DeliveryState.SENT)
    if not unsent.update(state=DeliveryState.WAITING, num_tries=0, due_at=Now()):
        return False
    _wake(delivery.channel)
    audit.record(user, delivery.channel.team, "sent again to", f"channel “{delivery.channel.name}”")
    return True


def check_webhook(address: str) -> str:
    """The address without what may be secret in it. Raises AddressRefused."""
    try:
        parts, url = urlsplit(address), httpx.URL(address)
    except (ValueError, httpx.InvalidURL) as error:
        raise AddressRefused("This is no address: give one such as https://example.org/hook.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.fragment or len(address) > LONGEST:
        raise AddressRefused("This is no address of a server: give one such as https://example.org/hook.")
    if "@" in parts.netloc:
        raise AddressRefused("Leave the password out of the address: the receiver knows us by the signature.")
    try:
        find_addresses(url)
    except HostRefused as error:
        raise AddressRefused(str(error)) from error
    return f"{parts.scheme}://{parts.netloc}/{'…' if parts.path.strip('/') or parts.query else ''}"[:200]


def _wake(channel: Channel) -> None:
    """Somebody is waiting: the next try comes at once."""
    Channel.objects.filter(id=channel.id).update(quiet_until=None)
