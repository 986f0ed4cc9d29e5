"""Checkpoints on their way to the Hugging Face Hub. `lifecycle` changes the state, `services` makes the rows."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from exporting.licences import Licence
from runs.models import Checkpoint


class PushState(models.TextChoices):
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


LIVE = (PushState.WAITING, PushState.SENDING)


class Push(models.Model):
    """A checkpoint with its model card, to be one commit of a repository.

    `token` opens the Hub: encrypted (`core.encryption`), kept while the push lives and emptied as it ends. `error`
    says why it failed, or while it waits why the last try did.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="pushes")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    repository = models.CharField(max_length=200)
    is_private = models.BooleanField(default=True)
    licence_id = models.CharField(max_length=60)
    licence_name = models.CharField(max_length=300, blank=True)
    licence_link = models.CharField(max_length=300, blank=True)
    token = models.TextField(blank=True)
    state = models.CharField(max_length=10, choices=PushState.choices, default=PushState.WAITING)
    num_tries = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField()
    lease_token = models.UUIDField(null=True)
    lease_expires_at = models.DateTimeField(null=True)
    num_bytes = models.PositiveBigIntegerField(null=True, help_text="Of all files, once they are made.")
    commit = models.CharField(max_length=64, blank=True)
    error = models.CharField(max_length=800, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["checkpoint", "repository"],
                name="one_live_push_of_a_checkpoint_to_a_repository",
                condition=Q(state__in=LIVE),
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="live_pushes", condition=Q(state__in=LIVE))]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} to {self.repository}"

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def licence(self) -> Licence:
        return Licence(self.licence_id, self.licence_name, self.licence_link)

    @property
    def page(self) -> str:
        """Of the repository; of what was sent, where it was."""
        at = f"{settings.HUB_ENDPOINT}/{self.repository}"
        return f"{at}/commit/{self.commit}" if self.commit else at
