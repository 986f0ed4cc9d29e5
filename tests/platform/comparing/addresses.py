"""Who may open the addresses of comparisons, and the frames of videos."""

from django.db.models import QuerySet

from comparing.looking import Looking
from comparing.models import Comparison
from comparing.services import save_comparison
from pictures.policies import PolicyRef
from teams.models import Team
from tests.platform.access import FETCHED_BY_ANYONE, FETCHED_BY_TEAM, SIGNED_IN, Access
from tests.platform.comparing.film import add_video
from tests.platform.lab import Lab, add_run

COMPARISON = {"comparison_id": "comparison"}
FRAMES = {"name": "video"}
GET_REFUSED = (302, 405, 405, 405, 405)
TEAM_IS_LED = (302, 404, 302, 302, 302)
WRITERS_DO = (302, 404, 403, 302, 302)

ACCESS = {
    "compare": [
        Access(SIGNED_IN),
        # To a stranger they are pictures and runs that are not there.
        Access(SIGNED_IN, query="?items={video}"),
        Access(SIGNED_IN, query="?policies={compared_run}@0"),
        Access((302, 400, 400, 400, 400), query="?items=everything"),
    ],
    "compare_picker": [Access(SIGNED_IN, query="?run={compared_run}")],
    "compare_pictures": [Access(FETCHED_BY_ANYONE, query="?items={video}")],
    "comparisons": [Access(SIGNED_IN)],
    "comparison": [Access(TEAM_IS_LED, kwargs=COMPARISON)],
    "comparison_new": [
        Access(GET_REFUSED),
        # The stranger is told that there is nothing to save.
        Access((302, 302, 403, 302, 302), post={"name": "Mine", "query": "?policies={compared_run}@0"}),
    ],
    "comparison_change": [
        Access(GET_REFUSED, kwargs=COMPARISON),
        Access(WRITERS_DO, kwargs=COMPARISON, post={"name": "Mine", "notes": "", "query": "items={video}"}),
    ],
    "comparison_delete": [
        Access(GET_REFUSED, kwargs=COMPARISON),
        Access(WRITERS_DO, kwargs=COMPARISON, post={}),
    ],
    "picture_frames": [Access(FETCHED_BY_TEAM, kwargs=FRAMES)],
    "picture_sheet": [Access(FETCHED_BY_TEAM, kwargs={**FRAMES, "number": "sheet"})],
}


def make_things(lab: Lab) -> dict:
    run = add_run(lab.experiment, "compared")
    video = add_video(run, 4)
    looking = Looking(policies=(PolicyRef(run.id, 0),))
    comparison = save_comparison(lab.owner, "Base", "", looking)
    return {"compared_run": run.id, "video": f"s{video.id}", "sheet": 0, "comparison": comparison.id}


def rows_of(team: Team) -> list[QuerySet]:
    return [Comparison.objects.filter(team=team)]
