"""Reports: what a team writes about its runs."""

from django.conf import settings
from django.db import models

from teams.models import Team


class Report(models.Model):
    """Markdown with panels in it. `version` grows with each change: who saves says which one they have read."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="reports")
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=1)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["-updated_at", "-id"]
        indexes = [models.Index(fields=["team", "-updated_at", "-id"], name="reports_newest_first")]

    def __str__(self) -> str:
        return self.title
