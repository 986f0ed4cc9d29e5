"""What people say of runs, checkpoints and pictures, and who is told of it. Written by `services` alone."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from pictures.models import Drawing
from runs.models import Run, Sample
from teams.models import Team


class Comment(models.Model):
    """`about` is what it is about, as `subjects` writes it; with its run or its picture it goes."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comments")
    about = models.CharField(max_length=60)
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="comments")
    sample = models.ForeignKey(Sample, null=True, on_delete=models.CASCADE, related_name="comments")
    drawing = models.ForeignKey(Drawing, null=True, on_delete=models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["about", "-id"], name="comments_of_a_thread"),
            models.Index(fields=["run", "-id"], name="comments_of_a_run"),
        ]

    def __str__(self) -> str:
        return f"comment {self.id} on {self.about}"


class Why(models.TextChoices):
    MENTION = "mention", "mentioned you"
    OWN_RUN = "own_run", "commented on your run"
    THREAD = "thread", "commented after you"


class Notice(models.Model):
    """A comment that a person is told of; unread until they have had it before their eyes."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices")
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE, related_name="notices")
    why = models.CharField(max_length=10, choices=Why.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["user", "comment"], name="one_notice_a_person_and_comment")]
        indexes = [
            models.Index(fields=["user", "-id"], name="notices_of_a_person"),
            models.Index(fields=["user"], name="unread_notices", condition=Q(read_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.comment_id} for {self.user_id}"
