"""Share links: what a team shows to people without an account."""

from django.conf import settings
from django.db import models

from reports.models import Report
from runs.models import Run
from teams.models import Team

ONE_SUBJECT = models.Q(run__isnull=False, report__isnull=True) | models.Q(run__isnull=True, report__isnull=False)


class ShareLink(models.Model):
    """Shows exactly one run or report to whoever holds the link, until it expires or is revoked.

    Only a hash of its secret is kept, as of API tokens.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="share_links")
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="share_links")
    report = models.ForeignKey(Report, null=True, on_delete=models.CASCADE, related_name="share_links")
    digest = models.CharField(max_length=64, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    num_opens = models.PositiveIntegerField(default=0)
    opened_at = models.DateTimeField(null=True, help_text="The last time.")

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["team", "-id"], name="share_links_newest_first")]
        constraints = [models.CheckConstraint(condition=ONE_SUBJECT, name="share_link_is_to_one_thing")]

    def __str__(self) -> str:
        return f"link to {self.kind} “{self.subject}”"

    @property
    def subject(self) -> Run | Report:
        return self.run or self.report

    @property
    def kind(self) -> str:
        return "run" if self.run_id else "report"


class SharingSwitch(models.Model):
    """A team whose owners have switched sharing off: its links open nothing while this row is there."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="sharing_switch")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"sharing is off in {self.team}"
