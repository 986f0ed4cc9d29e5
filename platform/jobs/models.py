"""Small work of minutes that waits for a worker. Its state is written by `jobs.lifecycle` alone."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from runs.models import Run
from teams.models import Team


class Kind(models.TextChoices):
    """What is to be done; the value is the engine's command."""

    SCORE = "score", "dry run of rewards"
    PREFLIGHT = "preflight", "pre-flight"


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = (JobState.QUEUED, JobState.RUNNING)


class Job(models.Model):
    """One piece of work for the engine: `payload` is its job.yaml, `result` what it told, by the type of the event.

    Each attempt begins anew, in a folder of its own: an engine that was left behind on a machine that is gone cannot
    write into the work of the next one. `lease_token` and `event_offset` are as in Run.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="jobs")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    name = models.CharField(max_length=160)
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="jobs")
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
