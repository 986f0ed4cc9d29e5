"""Who may open the addresses of drawings."""

from django.db.models import QuerySet

from pictures.models import Drawing
from teams.models import Team
from tests.platform.access import FETCHED_BY_TEAM, Access
from tests.platform.lab import Lab, add_run
from tests.platform.pictures.easel import add_drawing

DRAWING = {"drawing_id": "drawing"}

ACCESS = {
    "drawing_picture": [Access(FETCHED_BY_TEAM, kwargs=DRAWING)],
    "drawing_thumbnail": [Access(FETCHED_BY_TEAM, kwargs=DRAWING)],
}


def make_things(lab: Lab) -> dict:
    return {"drawing": add_drawing(add_run(lab.experiment)).id}


def rows_of(team: Team) -> list[QuerySet]:
    return [Drawing.objects.filter(team=team)]
