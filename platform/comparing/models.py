"""The table of saved comparisons."""

from django.conf import settings
from django.db import models

from comparing.looking import Looking, parse_looking
from teams.models import Team


class Comparison(models.Model):
    """What somebody saw and wants to find again, for the whole team. `query` is an address that was checked.

    All that it shows is the team's.
    """

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="comparisons")
    name = models.CharField(max_length=120)
    notes = models.TextField(blank=True)
    query = models.JSONField(help_text="As comparing.looking.Looking.as_query gives it.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["team", "-id"], name="comparisons_of_team_newest")]

    def __str__(self) -> str:
        return self.name

    @property
    def looking(self) -> Looking:
        return parse_looking(self.query)
