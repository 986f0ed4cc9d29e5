"""Pictures that were drawn outside a run's own life: by an evaluation, or in the playground."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from jobs.models import Job
from runs.models import Checkpoint, Run
from teams.models import Team


class Drawing(models.Model):
    """A picture, image or video. At iteration 0 the run's base model drew it; without a run, a base model on its own.

    `path` is its name in the storage. `rewards` are as in Sample; `kl` is to the base model, in nats.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="drawings")
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="drawings")
    checkpoint = models.ForeignKey(Checkpoint, null=True, on_delete=models.SET_NULL, related_name="drawings")
    iteration = models.PositiveIntegerField(default=0)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="drawings")
    index = models.PositiveIntegerField(default=0, help_text="Its place among what was drawn with it.")
    prompt_set = models.CharField(max_length=200, blank=True)
    prompt = models.TextField()
    seed = models.BigIntegerField()
    num_steps = models.PositiveIntegerField()
    guidance_scale = models.FloatField()
    path = models.CharField(max_length=300)
    rewards = models.JSONField(default=dict)
    kl = models.FloatField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, help_text="Deleted then; null where it stays.")

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["run", "iteration"], name="drawings_of_a_policy"),
            models.Index(fields=["expires_at"], name="drawings_that_expire", condition=Q(expires_at__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "run", "iteration", "prompt_set", "index"], name="one_drawing_a_place_of_a_job"
            )
        ]

    def __str__(self) -> str:
        return self.prompt
