"""Who may open the addresses of jobs."""

import json

from django.db.models import QuerySet

from catalog.contents import rewards_content
from catalog.services import create_item
from jobs import services
from jobs.models import Job
from runs.models import RunState
from teams.models import Team
from tests.platform.access import FETCHED_BY_TEAM, SIGNED_IN, TEAM, WRITERS, Access
from tests.platform.jobs.laboratory import finish, queue
from tests.platform.lab import Lab, add_run

JOB = {"job_id": "job"}
LIVE = {"job_id": "live_job"}
PICTURE = {**JOB, "index": "picture"}
EXPERIMENT = {"experiment_id": "experiment"}

GET_REFUSED = (302, 405, 405, 405, 405)
WRITERS_DO = (302, 404, 403, 302, 302)
# A form that says nothing comes back with what is to be put right.
WRITERS_ARE_TOLD = (302, 404, 403, 422, 422)
CONFIG = json.dumps({"rewards": [{"name": "sandbox_picture_quality", "weight": 1}]})

ACCESS = {
    "jobs": [Access(SIGNED_IN)],
    "job": [Access(TEAM, kwargs=JOB), Access(TEAM, kwargs=LIVE)],
    "job_status": [Access(TEAM, kwargs=JOB)],
    "job_cancel": [Access(GET_REFUSED, kwargs=LIVE), Access(WRITERS_DO, kwargs=LIVE, post={})],
    "job_again": [Access(GET_REFUSED, kwargs=JOB), Access(WRITERS_DO, kwargs=JOB, post={})],
    "job_picture": [Access(FETCHED_BY_TEAM, kwargs=PICTURE)],
    "job_thumbnail": [Access(FETCHED_BY_TEAM, kwargs=PICTURE)],
    "run_first_step": [Access((302, 404, 302, 302, 302), kwargs={"run_id": "tried_run"})],
    "dry_run": [
        Access(GET_REFUSED, kwargs={"team_id": "team"}),
        Access(WRITERS_ARE_TOLD, kwargs={"team_id": "team"}, post={}),
        Access(
            WRITERS_DO,
            kwargs={"team_id": "team"},
            post={"config": "{rewards_json}", "name": "Quality", "source": "drawn", "base": "sandbox-flow-dppo"},
        ),
    ],
    "dry_run_of_version": [Access(WRITERS, kwargs={"version_id": "reward_version"})],
    "dry_run_of_form": [
        Access(GET_REFUSED, kwargs=EXPERIMENT),
        Access(WRITERS_ARE_TOLD, kwargs=EXPERIMENT, post={}),
    ],
    "preflight_of_form": [
        Access(GET_REFUSED, kwargs=EXPERIMENT),
        Access(WRITERS_ARE_TOLD, kwargs=EXPERIMENT, post={}),
    ],
}


def make_things(lab: Lab) -> dict:
    version = create_item(lab.owner, lab.team, "Quality", rewards_content([{"name": "jpeg_compressibility"}]))
    return {
        "job": finish(queue(lab)).id,
        "live_job": queue(lab).id,
        "picture": 1,
        "tried_run": services.try_first(lab.owner, add_run(lab.experiment, state=RunState.QUEUED)).run_id,
        "rewards_json": CONFIG,
        "reward_version": version.id,
    }


def rows_of(team: Team) -> list[QuerySet]:
    return [Job.objects.filter(team=team)]
