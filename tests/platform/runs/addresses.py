"""Who may open the addresses of experiments, runs and what they wrote."""

from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet
from PIL import Image

from runs.models import Experiment, Run
from teams.models import Team
from tests.platform.access import FETCHED_BY_ANYONE, FETCHED_BY_TEAM, SIGNED_IN, TEAM, WRITERS, Access
from tests.platform.lab import Lab, add_checkpoint, add_lines, add_run, add_sample

EXPERIMENT = {"experiment_id": "experiment"}
RUN = {"run_id": "run"}
CHECKPOINT = {"checkpoint_id": "checkpoint"}
SAMPLE = {"sample_id": "sample"}

ACCESS = {
    "experiments": [Access(SIGNED_IN)],
    # The stranger owns a team of their own, so may make an experiment, there.
    "experiment_new": [
        Access((302, 200, 403, 200, 200)),
        Access((302, 422, 403, 302, 302), post={"name": "New", "team": "{team}"}),
    ],
    "experiment": [Access(TEAM, kwargs=EXPERIMENT)],
    "experiment_runs": [Access(TEAM, kwargs=EXPERIMENT)],
    "experiment_compare": [Access((302, 404, 302, 302, 302), kwargs=EXPERIMENT)],
    "experiment_describe": [
        Access(WRITERS, kwargs=EXPERIMENT),
        Access((302, 404, 403, 302, 302), kwargs=EXPERIMENT, post={"name": "Another name", "tags": "mine"}),
    ],
    "experiment_archive": [
        Access((302, 405, 405, 405, 405), kwargs=EXPERIMENT),
        Access((302, 404, 403, 302, 302), kwargs=EXPERIMENT, post={}),
    ],
    "runs": [Access(SIGNED_IN), Access(SIGNED_IN, query="?q=state = running&sort=-reward/mean&archived=with")],
    "run_table": [Access(SIGNED_IN)],
    # To a stranger it is as if no run were ticked.
    "runs_bulk": [
        Access((302, 405, 405, 405, 405)),
        Access((302, 302, 403, 302, 302), post={"run": "{run}", "deed": "tag", "tag": "mine"}),
        Access((302, 302, 403, 302, 302), post={"run": "{run}", "deed": "cancel"}),
        Access((302, 302, 403, 302, 302), post={"run": "{run}", "deed": "move", "experiment": "Thresholds"}),
    ],
    "run_describe": [
        Access(WRITERS, kwargs=RUN),
        Access((302, 404, 403, 302, 302), kwargs=RUN, post={"name": "Another name", "notes": "Mine."}),
    ],
    "run_rename": [
        Access(WRITERS, kwargs=RUN),
        Access((302, 404, 403, 200, 200), kwargs=RUN, post={"name": "Another name"}),
    ],
    "run_new": [
        Access(WRITERS, kwargs=EXPERIMENT),
        Access(WRITERS, kwargs=EXPERIMENT, query="?like={run}"),
        Access((302, 404, 403, 422, 422), kwargs=EXPERIMENT, post={"recipe": "sandbox-smoke"}),
    ],
    "run_check": [
        Access((302, 405, 405, 405, 405), kwargs=EXPERIMENT),
        Access((302, 404, 403, 200, 200), kwargs=EXPERIMENT, post={}),
    ],
    "run": [Access(TEAM, kwargs=RUN)],
    "run_cancel": [
        Access((302, 405, 405, 405, 405), kwargs=RUN),
        Access((302, 404, 403, 302, 302), kwargs=RUN, post={}),
    ],
    "run_stop": [
        Access((302, 405, 405, 405, 405), kwargs=RUN),
        Access((302, 404, 403, 302, 302), kwargs=RUN, post={}),
    ],
    "run_priority": [
        Access((302, 405, 405, 405, 405), kwargs=RUN),
        # It runs.
        Access((302, 404, 403, 422, 422), kwargs=RUN, post={"priority": "1"}),
        Access((302, 404, 403, 422, 422), kwargs=RUN, post={"priority": "highest"}),
    ],
    "run_resume": [
        Access((302, 405, 405, 405, 405), kwargs=RUN),
        Access((302, 404, 403, 302, 302), kwargs=RUN, post={}),
    ],
    "run_continue": [
        Access((302, 405, 405, 405, 405), kwargs=RUN),
        # It has not finished.
        Access((302, 404, 403, 422, 422), kwargs=RUN, post={"iterations": "200"}),
    ],
    "checkpoint_continue": [
        Access(WRITERS, kwargs=CHECKPOINT),
        Access((302, 404, 403, 422, 422), kwargs=CHECKPOINT, post={"name": ""}),
        Access(
            (302, 404, 403, 302, 302),
            kwargs=CHECKPOINT,
            post={"name": "on", "iterations": "9", "experiment": "{experiment}"},
        ),
    ],
    "run_status": [Access(TEAM, kwargs=RUN)],
    "run_results": [Access(TEAM, kwargs=RUN)],
    "run_log": [Access(TEAM, kwargs=RUN)],
    "run_log_text": [Access(TEAM, kwargs=RUN)],
    "run_config": [Access(TEAM, kwargs=RUN)],
    "checkpoint_zip": [Access(TEAM, kwargs=CHECKPOINT)],
    "checkpoint_lora": [Access(TEAM, kwargs=CHECKPOINT)],
    "curves": [
        Access(SIGNED_IN, query="?runs={run}"),
        Access((302, 302, 302, 302, 302), query="?run={run}&view=curves"),
    ],
    "curves_picker": [Access(SIGNED_IN, query="?find=state = running")],
    "run_series": [Access(FETCHED_BY_ANYONE, query="?runs={run}&keys=reward/mean")],
    "run_lost_series": [Access(FETCHED_BY_ANYONE, query="?runs={run}&keys=reward/mean")],
    "run_frontier": [Access(FETCHED_BY_ANYONE, query="?runs={run}")],
    "run_metric_keys": [Access(FETCHED_BY_ANYONE, query="?runs={run}")],
    "run_samples": [Access(FETCHED_BY_ANYONE, query="?run={run}&iteration=1")],
    "sample_picture": [Access(FETCHED_BY_TEAM, kwargs=SAMPLE)],
    "sample_thumbnail": [Access(FETCHED_BY_TEAM, kwargs=SAMPLE)],
}


def make_things(lab: Lab) -> dict:
    run = add_run(lab.experiment)
    add_lines(run, "It starts.")
    sample = add_sample(run, 1)
    picture = Path(settings.MEDIA_ROOT) / run.folder / sample.path
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(picture)
    checkpoint = add_checkpoint(run, 1, {"pytorch_lora_weights.safetensors": b"weights"})
    return {"experiment": lab.experiment.id, "run": run.id, "checkpoint": checkpoint.id, "sample": sample.id}


def rows_of(team: Team) -> list[QuerySet]:
    return [Experiment.objects.filter(team=team), Run.objects.filter(experiment__team=team)]
