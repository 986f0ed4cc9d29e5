"""Who may open the wall of pictures, and the addresses of drawings."""

from django.db.models import QuerySet

from pictures.models import Drawing
from teams.models import Team
from tests.platform.access import FETCHED_BY_ANYONE, FETCHED_BY_TEAM, SIGNED_IN, Access
from tests.platform.lab import Lab, add_run
from tests.platform.pictures.easel import add_drawing

DRAWING = {"drawing_id": "drawing"}

ACCESS = {
    # Of another team's runs they show nothing: test_wall_views.py.
    "samples": [Access(SIGNED_IN)],
    "samples_tiles": [Access(FETCHED_BY_ANYONE)],
    "drawing_picture": [Access(FETCHED_BY_TEAM, kwargs=DRAWING)],
    "drawing_thumbnail": [Access(FETCHED_BY_TEAM, kwargs=DRAWING)],
}


def make_things(lab: Lab) -> dict:
    return {"drawing": add_drawing(add_run(lab.experiment)).id}


def rows_of(team: Team) -> list[QuerySet]:
    return [Drawing.objects.filter(team=team)]
