"""Share links: what a team shows to people without an account."""

from functools import reduce
from operator import or_

from django.conf import settings
from django.db import models

from comparing.models import Comparison
from reports.models import Report
from runs.models import Run
from teams.models import Team

SUBJECTS = ("run", "report", "comparison")
ONE_SUBJECT = reduce(
    or_, (models.Q(**{f"{name}__isnull": name != subject for name in SUBJECTS}) for subject in SUBJECTS)
)


class ShareLink(models.Model):
    """Shows exactly one run, report or saved comparison to whoever holds the link, until it expires or is revoked.

    Only a hash of its secret is kept, as of API tokens.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="share_links")
    run = models.ForeignKey(Run, null=True, on_delete=models.CASCADE, related_name="share_links")
    report = models.ForeignKey(Report, null=True, on_delete=models.CASCADE, related_name="share_links")
    comparison = models.ForeignKey(Comparison, null=True, on_delete=models.CASCADE, related_name="share_links")
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
    def kind(self) -> str:
        return next(name for name in SUBJECTS if getattr(self, f"{name}_id"))

    @property
    def subject(self) -> Run | Report | Comparison:
        return getattr(self, self.kind)


class SharingSwitch(models.Model):
    """A team whose owners have switched sharing off: its links open nothing while this row is there."""

    team = models.OneToOneField(Team, on_delete=models.CASCADE, related_name="sharing_switch")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"sharing is off in {self.team}"
