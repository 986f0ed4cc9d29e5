"""Small work of minutes that waits for a worker. Its state is written by `jobs.lifecycle` alone."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from runs.models import Checkpoint, Run
from teams.models import Team


class Kind(models.TextChoices):
    """What is to be done; the value is the engine's command."""

    SCORE = "score", "dry run of rewards"
    PREFLIGHT = "preflight", "pre-flight"
    EVALUATE = "evaluate", "evaluation of checkpoints"


# What may be long: a next attempt of theirs goes on from what the ones before have told.
TAKEN_UP = (Kind.EVALUATE,)


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """One piece of work for the engine: `payload` is its job.yaml, `result` what it told, by the type of the event.

    Each attempt has a folder of its own: an engine that was left behind on a machine that is gone cannot write into
    the work of the next one. It begins anew, or of the kinds in TAKEN_UP where the one before ended (`Told`).
    `lease_token` and `event_offset` are as in Run. `checkpoints` are those that an evaluation is of.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=160)
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="jobs")
    checkpoints = models.ManyToManyField(Checkpoint, blank=True, related_name="evaluations")
    payload = models.JSONField()
    needs_gpu = models.BooleanField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    state = models.CharField(max_length=10, choices=JobState.choices, default=JobState.QUEUED)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    result = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    hint = models.TextField(blank=True)

    phase = models.CharField(max_length=20, blank=True)
    phase_done = models.PositiveIntegerField(default=0)
    phase_total = models.PositiveIntegerField(default=0)
    phase_unit = models.CharField(max_length=20, blank=True)
    seconds_left = models.FloatField(null=True)

    num_attempts = models.PositiveIntegerField(default=0)
    num_lost = models.PositiveIntegerField(default=0, help_text="Attempts that died without a word.")
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    event_offset = models.PositiveBigIntegerField(default=0)
    worker = models.CharField(max_length=120, blank=True)
    engine_pid = models.PositiveIntegerField(null=True)
    engine_started_at = models.FloatField(null=True, help_text="Start time of the process, seconds since 1970.")

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["team", "-created_at", "-id"], name="jobs_of_team_newest_first"),
            models.Index(fields=["created_at"], name="jobs_that_live", condition=Q(state__in=["queued", "running"])),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["run"],
                name="one_live_preflight_a_run",
                condition=Q(kind="preflight", state__in=["queued", "running"]),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_live(self) -> bool:
        """Whether more may come of it."""
        return self.state in LIVE

    @property
    def folder(self) -> str:
        """In the storage: what it was given, and what its attempts made."""
        return f"jobs/{self.id}"

    @property
    def attempt_folder(self) -> str:
        return f"{self.folder}/attempt-{self.num_attempts}"


class Told(models.Model):
    """An event that a job's next attempt must know of, as its line; gone when the job has finished."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="told")
    line = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.line
