"""What can be shared, and where it stands on the site."""

from django.urls import reverse

from comparing.models import Comparison
from reports.models import Report
from runs.models import Run
from teams.models import Team

Subject = Run | Report | Comparison


def key_of(subject: Subject) -> dict[str, Subject]:
    """The field of a link that leads to it."""
    return {type(subject).__name__.lower(): subject}


def team_of(subject: Subject) -> Team:
    return subject.experiment.team if isinstance(subject, Run) else subject.team


def address_of(subject: Subject) -> str:
    return reverse(type(subject).__name__.lower(), args=[subject.id])
