"""The tables of sweeps: runs that differ in some knobs and in their seeds."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from runs.models import Experiment, Priority, Run


class Sweep(models.Model):
    """Every combination of the values of some knobs, each with every seed.

    `axes` is a list of `{"knob": …, "values": […]}`; a knob goes by its path in the configuration, as on the command
    line. `token` is of the page that it was submitted from: what comes from there a second time makes nothing new.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    experiment = models.ForeignKey(Experiment, on_delete=models.CASCADE, related_name="sweeps")
    name = models.CharField(max_length=120)
    recipe = models.CharField(max_length=80, blank=True)
    config = models.JSONField(help_text="What its runs have in common.")
    axes = models.JSONField()
    seeds = ArrayField(models.PositiveIntegerField())
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    num_gpus = models.PositiveSmallIntegerField(default=1)
    token = models.UUIDField(default=uuid.uuid4)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["experiment", "token"], name="one_sweep_a_page")]

    def __str__(self) -> str:
        return self.name

    @property
    def knobs(self) -> list[str]:
        return [axis["knob"] for axis in self.axes]


class SweepRun(models.Model):
    """A run of a sweep: `point` maps each knob to its value there, `place` counts the points from 0."""

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="members")
    run = models.OneToOneField(Run, on_delete=models.CASCADE, related_name="sweep_run")
    place = models.PositiveIntegerField()
    point = models.JSONField()
    seed = models.PositiveIntegerField()

    class Meta:
        ordering = ["place", "seed"]
        constraints = [
            models.UniqueConstraint(fields=["sweep", "place", "seed"], name="one_run_a_point_and_seed"),
        ]

    def __str__(self) -> str:
        return f"{self.point}, seed {self.seed}"
