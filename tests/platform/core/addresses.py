"""Who may open the addresses of the site itself."""

from django.db.models import QuerySet

from teams.models import Team
from tests.platform.access import PEOPLE, PUBLIC, Access
from tests.platform.lab import Lab

ACCESS = {
    "healthz": [Access(PUBLIC)],
    "readyz": [Access(PUBLIC)],
    # Nobody's without the operator's token.
    "metrics": [Access((404,) * len(PEOPLE))],
}


def make_things(lab: Lab) -> dict:
    return {}


def rows_of(team: Team) -> list[QuerySet]:
    return []
