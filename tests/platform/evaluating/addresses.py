"""Who may open the addresses of evaluations."""

from django.db.models import QuerySet

from jobs import lifecycle
from jobs.models import Job
from teams.models import Team
from tests.platform.access import TEAM, WRITERS, Access
from tests.platform.evaluating.laboratory import finish, make_run, queue
from tests.platform.lab import Lab

RUN = {"run_id": "evaluated_run"}
JOB = {"job_id": "evaluation"}
ENDED = {"job_id": "cancelled_evaluation"}

GET_REFUSED = (302, 405, 405, 405, 405)
WRITERS_DO = (302, 404, 403, 302, 302)
WRITERS_ARE_TOLD = (302, 404, 403, 422, 422)
FORM = {
    "prompt_sets": "sandbox:in_domain", "num_prompts": "2", "images_per_prompt": "1", "first_seed": "0",
    "num_denoising_steps": "4", "guidance_scale": "1",
}  # fmt: skip

ACCESS = {
    "run_evaluate": [
        Access(WRITERS, kwargs=RUN),
        Access(WRITERS_ARE_TOLD, kwargs=RUN, post={}),
        Access(WRITERS_DO, kwargs=RUN, post=FORM),
    ],
    "run_evaluate_cost": [Access(GET_REFUSED, kwargs=RUN), Access(WRITERS, kwargs=RUN, post=FORM)],
    "evaluation": [Access(TEAM, kwargs=JOB), Access(TEAM, kwargs=ENDED)],
    "evaluation_status": [Access(TEAM, kwargs=JOB)],
    "evaluation_csv": [Access(TEAM, kwargs=JOB)],
    "evaluation_go_on": [Access(GET_REFUSED, kwargs=ENDED), Access(WRITERS_DO, kwargs=ENDED, post={})],
}


def make_things(lab: Lab) -> dict:
    run, checkpoints = make_run(lab, 20)
    ended = queue(lab, run, *checkpoints)
    lifecycle.request_cancel(ended)
    return {
        "evaluated_run": run.id,
        "evaluation": finish(queue(lab, run, *checkpoints)).id,
        "cancelled_evaluation": ended.id,
    }


def rows_of(team: Team) -> list[QuerySet]:
    return [Job.objects.filter(team=team, kind="evaluate")]
