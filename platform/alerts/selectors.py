"""What may be read of alerts, rules and channels; everything starts from a user and holds only their teams' rows."""

from dataclasses import dataclass

from django.db.models import QuerySet

from alerts.active_rules import ActiveRule, rules_by_experiment
from alerts.models import Alert, Channel, Delivery
from core.badges import count_some
from runs.models import Experiment
from runs.selectors import visible_runs
from teams.models import Role, User

PAGE_SIZE = 30


@dataclass(frozen=True)
class OwnWay:
    """A channel of a person's own, and what it was told last, if anything."""

    channel: Channel
    last: Delivery | None


def visible_alerts(user: User) -> QuerySet[Alert]:
    """Newest first, the rolled-back ones too."""
    alerts = Alert.objects.filter(run__in=visible_runs(user).order_by())
    return alerts.select_related("run__experiment__team", "acknowledged_by").defer("run__config", "run__summary")


def open_alerts(user: User) -> QuerySet[Alert]:
    """What nobody has acknowledged yet and no later attempt has voided."""
    return visible_alerts(user).filter(acknowledged_at=None, rolled_back_at=None)


def count_open(user: User) -> int:
    return count_some(open_alerts(user))


def alerts_before(alerts: QuerySet[Alert], alert_id: int | None) -> QuerySet[Alert]:
    """The newest, or those before this one: so a page stays the same while new ones come."""
    return (alerts.filter(id__lt=alert_id) if alert_id else alerts).order_by("-id")


def rules_of(experiment: Experiment) -> list[ActiveRule]:
    """Every kind of rule as it holds for an experiment that the person may see."""
    return rules_by_experiment([experiment.id])[experiment.id]


def channels_of_owner(user: User) -> QuerySet[Channel]:
    """The channels of the teams that this person owns; nobody else sees where messages go."""
    owned = Channel.objects.filter(team__memberships__user=user, team__memberships__role=Role.OWNER)
    return owned.select_related("team").order_by("name")


def own_channels(user: User) -> QuerySet[Channel]:
    """Where the person's own messages go; nobody else sees them."""
    return Channel.objects.filter(user=user).select_related("user")


def deliveries_of(channel: Channel, before: int | None = None) -> QuerySet[Delivery]:
    """What a channel was told, or is to be told, newest first."""
    deliveries = Delivery.objects.filter(channel=channel).select_related("event")
    return (deliveries.filter(id__lt=before) if before else deliveries).order_by("-id")


def own_ways(user: User) -> dict[str, OwnWay]:
    """By the kind of channel. Two queries."""
    channels = list(own_channels(user))
    told = Delivery.objects.filter(channel__in=channels).order_by("channel_id", "-id").distinct("channel_id")
    last = {delivery.channel_id: delivery for delivery in told.select_related("event")}
    return {channel.kind: OwnWay(channel, last.get(channel.id)) for channel in channels}
