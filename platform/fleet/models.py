"""The machines that train: what they have, what holds it beside runs, how they join, and how much a team may use."""

from collections.abc import Collection

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import ExpressionWrapper, F, Func
from django.db.models.functions import Now

from fleet.states import NodeState
from teams.models import Team

SILENT_AFTER = 60.0
"""Seconds. A node that has said nothing for so long may be gone; a heartbeat comes every ten."""


def in_seconds(length) -> Func:
    """A difference of two moments as a number that keeps its fractions."""
    length = ExpressionWrapper(length, models.DurationField())
    return Func(length, template="EXTRACT(EPOCH FROM %(expressions)s)::float8", output_field=models.FloatField())


class Nodes(models.Manager):
    """Each comes with `silence`: seconds since its last heartbeat, by the database's clock alone."""

    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().annotate(silence=in_seconds(Now() - F("heartbeat_at")))


class Node(models.Model):
    """A machine that trains, for all teams alike: one worker process with one data folder.

    It has a slot for each of its GPUs, numbered as the driver numbers them; a machine without a GPU has as many as its
    operator says, numbered from 0. A run holds slots by its attempt (`Attempt.gpus`), anything else by a `Hold`.
    """

    name = models.CharField(max_length=120, unique=True)
    host = models.CharField(max_length=100)
    version = models.CharField(max_length=40, help_text="Of the software that it runs.")
    slots = ArrayField(models.PositiveSmallIntegerField())
    job_slots = models.PositiveSmallIntegerField(help_text="Small jobs at a time, beside runs.")
    gpus = models.JSONField(default=list, help_text="As last measured: fleet.readings.Gpu, in the order of `slots`.")
    memory_mib = models.PositiveIntegerField(default=0)
    memory_used_mib = models.PositiveIntegerField(default=0)
    cpu_percent = models.PositiveSmallIntegerField(default=0, help_text="Of all its processors together.")

    joined_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(help_text="Of this life of its worker.")
    heartbeat_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True, help_text="Its worker was shut down in order.")
    draining_at = models.DateTimeField(null=True, help_text="Since when it takes nothing new.")

    objects = Nodes()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def has_gpus(self) -> bool:
        return bool(self.gpus)

    def describe_slots(self, slots: Collection[int]) -> str:
        """As a line of the log says it: `GPUs 0 and 1`, `2 of its slots`."""
        if not self.has_gpus:
            return f"{len(slots)} of its slots" if len(slots) > 1 else "one of its slots"
        numbers = [str(slot) for slot in slots]
        return f"GPUs {', '.join(numbers[:-1])} and {numbers[-1]}" if len(numbers) > 1 else f"GPU {numbers[0]}"

    @property
    def state(self) -> NodeState:
        if self.left_at:
            return NodeState.LEFT
        if self.silence > SILENT_AFTER:
            return NodeState.SILENT
        return NodeState.DRAINING if self.draining_at else NodeState.OPEN


class Hold(models.Model):
    """Slots of a node that something other than a run has. It ends with the life of the worker that took it."""

    node = models.ForeignKey(Node, on_delete=models.CASCADE, related_name="holds")
    gpus = ArrayField(
        models.PositiveSmallIntegerField(), help_text="Slots of runs that it keeps from them; often none."
    )
    label = models.CharField(max_length=120)
    yields = models.BooleanField(
        default=False, help_text="Given up as soon as a run or a job wants it; takes no job's place."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.label} on {self.node}"


class Quota(models.Model):
    """How many GPUs a team may hold at a time; a team without one may hold all."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="quota")
    max_gpus = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"{self.max_gpus} GPUs for {self.team}"


class JoinToken(models.Model):
    """Lets one machine join, once and until it expires. Only a hash is kept."""

    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    used_by = models.CharField(max_length=100, blank=True, help_text="The name that the machine gave itself.")
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Join token {self.pk}"
