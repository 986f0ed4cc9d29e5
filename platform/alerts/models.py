"""The tables of alerts and of the messages about them. `services` and `channels` change them, `selectors` reads them.

An `Alert` is written by `watch` alone, an `Event` with its deliveries by `outbox` alone, in the transaction of what it
tells of.
"""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from runs.models import Experiment, Run, Sample
from teams.models import Team


class Kind(models.TextChoices):
    REWARD_HACKING = "reward_hacking", "Reward hacking"
    KL_BUDGET = "kl_budget", "KL over budget"
    GROUP_VARIANCE = "group_variance", "Groups without a signal"
    NOT_FINITE = "not_finite", "Numbers that are not finite"
    NO_PROGRESS = "no_progress", "No progress"


class Rule(models.Model):
    """What an experiment watches for, where somebody has changed it; without a row the kind's defaults hold."""

    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="alert_rules")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    is_on = models.BooleanField(default=True)
    pauses = models.BooleanField(default=False, help_text="Whether the run is put down at its next checkpoint.")
    options = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["experiment", "kind"], name="one_rule_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} in {self.experiment_id}"


class Watch(models.Model):
    """How far the watch has read a run, and what it has told of it.

    `told` has, by kind, the level that was told of an episode that goes on. `progress` names where the run stood when
    it last moved.
    """

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="watch")
    event_offset = models.PositiveBigIntegerField(default=0)
    point_id = models.BigIntegerField(default=0)
    evaluation_id = models.BigIntegerField(default=0)
    splice = models.TextField(blank=True, help_text="What later attempts had rolled back.")
    told = models.JSONField(default=dict)
    progress = models.CharField(max_length=80, blank=True)
    progress_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"watch of {self.run_id}"


class Alert(models.Model):
    """A rule that began to hold for a run, or has reached a new level.

    `mark` is what makes it one of its kind in a run: the iteration, or, where a run stands still, the second of its
    last move. `rolled_back_at`: a later attempt has voided that iteration.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="alerts")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    iteration = models.PositiveIntegerField()
    mark = models.BigIntegerField()
    level = models.PositiveSmallIntegerField()
    since = models.PositiveIntegerField(help_text="The iteration that the evidence compares with.")
    summary = models.TextField()
    curves = models.JSONField(default=list, help_text="Metrics, and [prompt set, score] of evaluations.")
    asked_to_pause = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    rolled_back_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["run", "kind", "mark", "level"], name="one_alert_of_a_kind")]
        indexes = [
            models.Index(fields=["run", "-id"], name="alerts_of_a_run"),
            models.Index(fields=["run"], name="open_alerts", condition=Q(acknowledged_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, iteration {self.iteration} of {self.run_id}"

    @property
    def is_open(self) -> bool:
        return self.acknowledged_at is None

    @property
    def times_over(self) -> int:
        """The measured value is at least so many times its threshold."""
        return 2**self.level


class Evidence(models.Model):
    """A sample that shows it, with the same prompt and seed as it was earlier, where there is one."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="evidence")
    now = models.ForeignKey(Sample, on_delete=models.CASCADE, related_name="+")
    then = models.ForeignKey(Sample, null=True, on_delete=models.CASCADE, related_name="+")
    place = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["place"]
        constraints = [models.UniqueConstraint(fields=["alert", "place"], name="one_sample_an_evidence_place")]

    def __str__(self) -> str:
        return f"evidence {self.place} of alert {self.alert_id}"


class EventKind(models.TextChoices):
    FINISHED = "finished", "Run finished"
    FAILED = "failed", "Run failed"
    STOPPED = "stopped", "Run stopped"
    ALERT = "alert", "Alert"
    MENTION = "mention", "Mention"
    TEST = "test", "Test"


TEAM_EVENTS = (EventKind.FINISHED, EventKind.FAILED, EventKind.STOPPED, EventKind.ALERT)


class ChannelKind(models.TextChoices):
    WEBHOOK = "webhook", "Webhook"
    MESSAGE = "message", "Message"
    MAIL = "mail", "E-mail"


TEAM_CHANNELS = (ChannelKind.WEBHOOK, ChannelKind.MESSAGE)


class Channel(models.Model):
    """Where messages go, of a team or of one `user`. What opens it is encrypted: `core.encryption`.

    `secret` signs a webhook's body; a message has its secrets in its address; mail goes to the address that the person
    has by then. One process at a time serves a channel, until `busy_until`; after a failure it is left alone until
    `quiet_until`.
    """

    team = models.ForeignKey(Team, null=True, on_delete=models.CASCADE, related_name="channels")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=10, choices=ChannelKind.choices)
    name = models.CharField(max_length=60)
    address = models.TextField()
    shown_address = models.CharField(max_length=200, help_text="The address without what is secret in it.")
    secret = models.TextField(blank=True)
    events = ArrayField(models.CharField(max_length=10))
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    num_failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    busy_until = models.DateTimeField(null=True)
    quiet_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["team", "name"], name="channel_name_is_unique_in_team"),
            models.UniqueConstraint(fields=["user", "kind"], name="one_channel_a_person_and_kind"),
            models.CheckConstraint(
                condition=Q(team=None, user__isnull=False) | Q(team__isnull=False, user=None),
                name="channel_is_of_a_team_or_of_a_person",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Event(models.Model):
    """Something that channels are told of; `content` is what they get, made when it happened, with paths for
    links: `contents.with_links`. Of what not everybody may see it says what it is, and no more: `late_contents`."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(
        Team, null=True, on_delete=models.CASCADE, related_name="events", help_text="None where a person tests."
    )
    kind = models.CharField(max_length=10, choices=EventKind.choices)
    content = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class DeliveryState(models.TextChoices):
    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given up"
    WITHHELD = "withheld"
    """There was nothing to say any more, or nothing that the person may still see."""


class Delivery(models.Model):
    """An event on its way to one channel."""

    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.WAITING)
    num_tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    last_try_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the last answer.")
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["event", "channel"], name="an_event_goes_once_to_a_channel")]
        indexes = [
            models.Index(fields=["channel", "-id"], name="deliveries_of_a_channel"),
            models.Index(fields=["channel", "due_at"], name="waiting_deliveries", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.channel_id}"
