"""Who may open the addresses of the playground."""

from django.db.models import QuerySet

from pictures.models import Drawing
from playground.models import Drawn, Sheet
from teams.models import Team
from tests.platform.access import SIGNED_IN, Access
from tests.platform.lab import Lab, add_run
from tests.platform.playground.studio import ask, serve

SHEET = {"sheet_id": "play_sheet"}
DRAWING = {"drawing_id": "play_drawing"}
GET_REFUSED = (302, 405, 405, 405, 405)
# A sheet is its maker's alone; its pictures are the team's.
FETCHED_BY_MAKER = (401, 404, 404, 200, 404)
MAKER_DOES = (302, 404, 404, 302, 404)
WRITERS_DO = (302, 404, 403, 302, 302)
ASKED = {"policies": "{play_painter}@0", "prompt": "a blue square", "seeds": "1"}

ACCESS = {
    "playground": [
        Access(SIGNED_IN),
        Access(SIGNED_IN, query="?policies={play_painter}@0&prompt=a+red+circle&seeds=1,2"),
    ],
    "playground_choices": [Access(SIGNED_IN, query="?find=run")],
    "playground_history": [Access(SIGNED_IN, query="?before={play_sheet}")],
    "playground_draw": [
        Access(GET_REFUSED),
        # To a stranger there is no such checkpoint, which the form says.
        Access((302, 422, 403, 302, 302), post=ASKED),
    ],
    "playground_status": [Access(FETCHED_BY_MAKER, kwargs=SHEET)],
    "playground_stop": [Access(GET_REFUSED, kwargs=SHEET), Access(MAKER_DOES, kwargs=SHEET, post={})],
    "playground_keep": [Access(GET_REFUSED, kwargs=DRAWING), Access(WRITERS_DO, kwargs=DRAWING, post={})],
    "playground_let_go": [Access(GET_REFUSED, kwargs=DRAWING), Access(WRITERS_DO, kwargs=DRAWING, post={})],
}


def make_things(lab: Lab) -> dict:
    painter = add_run(lab.experiment, "painter")
    sheet = ask(lab.member, painter)
    (drawing,) = serve(sheet, num_pictures=1)
    return {"play_painter": painter.id, "play_sheet": sheet.id, "play_drawing": drawing.id}


def rows_of(team: Team) -> list[QuerySet]:
    return [
        Sheet.objects.filter(team=team),
        Drawn.objects.filter(sheet__team=team),
        Drawing.objects.filter(team=team, job=None),
    ]
