"""Who may open the addresses of how checkpoints go out."""

from django.db.models import QuerySet

from exporting.models import Push
from teams.models import Team
from tests.platform.access import TEAM, Access
from tests.platform.lab import Lab, add_checkpoint, add_run

CHECKPOINT = {"checkpoint_id": "exported"}
PUSH = {"licence": "mit", "repository": "lab/mine", "seen_by": "private", "token": "hf_any"}
WRITERS_DO = (302, 404, 403, 302, 302)

ACCESS = {
    "checkpoint_export": [Access(TEAM, kwargs=CHECKPOINT)],
    "checkpoint_model_zip": [
        Access((302, 404, 422, 422, 422), kwargs=CHECKPOINT),
        Access(TEAM, kwargs=CHECKPOINT, query="?licence=mit"),
    ],
    "checkpoint_push": [
        Access(WRITERS_DO, kwargs=CHECKPOINT, post=PUSH),
        Access((302, 404, 403, 422, 422), kwargs=CHECKPOINT, post=PUSH | {"token": ""}),
    ],
    "checkpoint_pushes": [Access(TEAM, kwargs=CHECKPOINT)],
}


def make_things(lab: Lab) -> dict:
    files = {"pytorch_lora_weights.safetensors": b"weights"}
    return {"exported": add_checkpoint(add_run(lab.experiment, "to go out"), 4, files).id}


def rows_of(team: Team) -> list[QuerySet]:
    return [Push.objects.filter(checkpoint__run__experiment__team=team)]
