"""What people asked to have drawn. The state of a sheet is written by `playground.lifecycle` alone."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from pictures.models import Drawing
from teams.models import Team


class SheetState(models.TextChoices):
    WAITING = "waiting"
    DRAWING = "drawing"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE = (SheetState.WAITING, SheetState.DRAWING)


class Sheet(models.Model):
    """One prompt, drawn by up to four policies from the same seeds: a row for each seed, a column for each policy.

    Places count from 0, row by row. `policies` are as addresses have them (`RUN@40`), `checkpoints` their rows' ids,
    None for a base model. It is drawn in turns of a few pictures, so that people take turns; `lease_token` fences as
    in Run.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="sheets", help_text="Of the first policy.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    policies = ArrayField(models.CharField(max_length=60))
    checkpoints = ArrayField(models.BigIntegerField(null=True))
    prompt = models.TextField()
    seeds = ArrayField(models.BigIntegerField())
    num_steps = models.PositiveIntegerField()
    guidance_scale = models.FloatField()
    needs_gpu = models.BooleanField()
    drawings = models.ManyToManyField(Drawing, through="Drawn", related_name="sheets")

    state = models.CharField(max_length=10, choices=SheetState.choices, default=SheetState.WAITING)
    waiting_since = models.DateTimeField(null=True)
    served_at = models.DateTimeField(null=True, help_text="When its last turn began.")
    ended_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    hint = models.TextField(blank=True)
    num_turns = models.PositiveIntegerField(default=0)
    num_lost = models.PositiveIntegerField(default=0, help_text="Turns in which the drawing process died.")
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        indexes = [
            models.Index(fields=["created_by", "-created_at", "-id"], name="sheets_of_a_person"),
            models.Index(fields=["created_by", "served_at"], name="sheets_by_last_turn"),
            models.Index(
                fields=["created_at"], name="sheets_that_live", condition=Q(state__in=["waiting", "drawing"])
            ),
        ]

    def __str__(self) -> str:
        return self.prompt

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def num_places(self) -> int:
        return len(self.policies) * len(self.seeds)

    @property
    def folder(self) -> str:
        """In the storage."""
        return f"playground/{self.id}"

    @property
    def turn_folder(self) -> str:
        """Of this turn's pictures: what an engine that lost its turn still writes is in nobody's way."""
        return f"{self.folder}/turn-{self.num_turns}"


class Drawn(models.Model):
    """A picture of a sheet that is there."""

    sheet = models.ForeignKey(Sheet, on_delete=models.CASCADE, related_name="drawn")
    drawing = models.ForeignKey(Drawing, on_delete=models.CASCADE, related_name="+")
    place = models.PositiveSmallIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["sheet", "place"], name="one_drawing_a_place_of_a_sheet")]
