"""From the outbox to the channels: each channel is served on its own, so one that is down holds up no other.

At least once: a message is marked as sent after the answer, so a process that dies in between sends it again, under
the same event id, by which receivers know it. Nothing that changes a run waits for any of this.
"""

import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Now

from alerts import contents, late_contents
from alerts.apprise_services import AddressRefused
from alerts.channel_secrets import read_message, read_webhook
from alerts.mails import Mail
from alerts.models import Channel, ChannelKind, Delivery, DeliveryState, Event, EventKind
from alerts.webhooks import NotDelivered
from core.encryption import Unreadable

# After each failure the next try waits this long; after the last one the message is given up, two days later.
WAITS = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600, 7200, 14400, 28800, 43200, 86400))
LONGEST_QUIET = timedelta(minutes=10)
FIRST_QUIET = timedelta(seconds=10)
SERVED_FOR = timedelta(minutes=5)
MOST_AT_ONCE = 20
KEPT_FOR = timedelta(days=60)

logger = logging.getLogger(__name__)


def claim_channels(limit: int) -> list[int]:
    """Channels with something to send that nobody serves now, taken for SERVED_FOR."""
    waiting = _due().filter(channel=OuterRef("pk"))
    free = Channel.objects.filter(
        Q(busy_until=None) | Q(busy_until__lt=Now()), Q(quiet_until=None) | Q(quiet_until__lte=Now()), Exists(waiting)
    )
    with transaction.atomic():
        ids = list(
            free.order_by("quiet_until", "id").select_for_update(skip_locked=True).values_list("id", flat=True)[:limit]
        )
        Channel.objects.filter(id__in=ids).update(busy_until=Now() + Value(SERVED_FOR))
    return ids


def serve(channel_id: int) -> int:
    """Send what waits for a channel that was claimed, until it fails; return how many went out."""
    num_sent = 0
    try:
        while num_sent < MOST_AT_ONCE and (delivery := _next(channel_id)):
            outcome = _try(delivery)
            if outcome == DeliveryState.WAITING:
                break
            num_sent += outcome == DeliveryState.SENT
    finally:
        Channel.objects.filter(id=channel_id).update(busy_until=None)
    return num_sent


def forget_old() -> int:
    """Delete events that are long told, or given up; return how many."""
    old = Event.objects.filter(created_at__lt=Now() - Value(KEPT_FOR))
    waiting = Delivery.objects.filter(event=OuterRef("pk"), state=DeliveryState.WAITING)
    return old.filter(~Exists(waiting)).delete()[1].get("alerts.Event", 0)


def _next(channel_id: int) -> Delivery | None:
    """One that was tried seldom comes first: a message that a channel never takes holds up no other."""
    waiting = _due().filter(channel=channel_id)
    return waiting.order_by("num_tries", "id").select_related("event", "channel__user").first()


def _due() -> QuerySet[Delivery]:
    """A channel that is off keeps what it has until it is on again; a test goes to any."""
    may_go = Q(channel__is_on=True) | Q(event__kind=EventKind.TEST)
    return Delivery.objects.filter(may_go, state=DeliveryState.WAITING, due_at__lte=Now())


def _try(delivery: Delivery) -> DeliveryState:
    """What has become of it; WAITING after a failure, the last one too."""
    try:
        content = late_contents.content_of(delivery.event, delivery.channel)
        if content is None:
            _tried(delivery).update(state=DeliveryState.WITHHELD, last_try_at=Now(), error="")
            return DeliveryState.WITHHELD
        status = _deliver(delivery.channel, str(delivery.event_id), contents.with_links(content))
    except (NotDelivered, Unreadable, AddressRefused) as error:
        _record_failure(delivery, str(error), getattr(error, "status", None))
        return DeliveryState.WAITING
    except Exception as error:
        logger.exception("Delivery %d failed.", delivery.id)
        _record_failure(delivery, f"The site failed: {type(error).__name__}", None)
        return DeliveryState.WAITING
    with transaction.atomic():
        _tried(delivery).update(
            state=DeliveryState.SENT, num_tries=F("num_tries") + 1, last_try_at=Now(), status=status, error=""
        )
        Channel.objects.filter(id=delivery.channel_id).update(num_failures=0, quiet_until=None)
    return DeliveryState.SENT


def _deliver(channel: Channel, event_id: str, content: dict) -> int | None:
    match channel.kind:
        case ChannelKind.WEBHOOK:
            return read_webhook(channel).post(event_id, content)
        case ChannelKind.MAIL:
            Mail(channel.user.email).send(event_id, *contents.words(content))
        case ChannelKind.MESSAGE:
            read_message(channel).send(*contents.words(content))
    return None


def _record_failure(delivery: Delivery, error: str, status: int | None) -> None:
    channel = delivery.channel
    is_last = delivery.num_tries >= len(WAITS)
    wait = WAITS[min(delivery.num_tries, len(WAITS) - 1)]
    quiet = min(FIRST_QUIET * 2 ** min(channel.num_failures, 10), LONGEST_QUIET)
    logger.warning("Channel %d did not take event %s: %s", channel.id, delivery.event_id, error)
    with transaction.atomic():
        _tried(delivery).update(
            state=DeliveryState.GIVEN_UP if is_last else DeliveryState.WAITING,
            num_tries=F("num_tries") + 1,
            last_try_at=Now(),
            due_at=Now() + Value(wait),
            status=status,
            error=error[: Delivery._meta.get_field("error").max_length],
        )
        Channel.objects.filter(id=channel.id).update(
            num_failures=F("num_failures") + 1, quiet_until=Now() + Value(quiet)
        )


def _tried(delivery: Delivery) -> QuerySet[Delivery]:
    """The delivery, unless another process has sent it meanwhile."""
    return Delivery.objects.filter(id=delivery.id, state=DeliveryState.WAITING)
