"""The tables of the catalogue. `services.py` and `uses.py` change them, `selectors.py` reads them."""

from django.conf import settings
from django.db import models

from runs.models import Run
from teams.models import Team


class Kind(models.TextChoices):
    MODEL = "model", "base model"
    PROMPTS = "prompts", "prompt set"
    REWARDS = "rewards", "reward config"


class Item(models.Model):
    """A named thing of the catalogue. `num_versions` counts also those that were deleted: no number comes twice."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="catalogue")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    name = models.CharField(max_length=80)
    num_versions = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["team", "kind", "name"], name="item_name_is_unique_in_team_and_kind")
        ]

    def __str__(self) -> str:
        return self.name


class Version(models.Model):
    """What an item held at one time; it never changes.

    `content` is the block of a model or of rewards as RunConfig has it, or what is worth telling of a prompt set,
    whose text has a table of its own. `reference` is what a configuration names a prompt set by, empty for others.
    """

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    sha256 = models.CharField(max_length=64, db_index=True)
    reference = models.CharField(max_length=160, blank=True, db_index=True)
    note = models.CharField(max_length=300, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="version_number_is_unique_in_item")]

    def __str__(self) -> str:
        return f"{self.item.name} v{self.number}"

    def save(self, *args, **kwargs):
        if not self._state.adding:
            raise TypeError(f"{self} never changes: make a new version.")
        super().save(*args, **kwargs)


class PromptText(models.Model):
    """The prompts of a version, one a line, as the engine reads them."""

    version = models.OneToOneField(Version, primary_key=True, on_delete=models.CASCADE, related_name="prompt_text")
    text = models.TextField()


class Role(models.TextChoices):
    MODEL = "model", "base model"
    TRAIN = "train", "prompts to train on"
    EVALUATION = "evaluation", "prompts to evaluate on"
    REWARDS = "rewards", "rewards"


class Use(models.Model):
    """A run was submitted with a version, or with `num_changes` fields of it changed."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="catalogue_uses")
    version = models.ForeignKey(Version, on_delete=models.RESTRICT, related_name="uses")
    role = models.CharField(max_length=10, choices=Role.choices)
    num_changes = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["run", "version", "role"], name="one_use_a_run_and_role")]

    def __str__(self) -> str:
        return f"{self.run_id} uses {self.version_id} as {self.role}"
