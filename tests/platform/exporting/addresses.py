"""Who may open the addresses of how checkpoints go out."""

from django.db.models import QuerySet
from django.utils import timezone

from exporting.models import Push, PushState
from runs.models import Checkpoint
from teams.models import Team
from tests.platform.access import TEAM, Access
from tests.platform.lab import Lab, add_checkpoint, add_run

CHECKPOINT = {"checkpoint_id": "exported"}
PUSH = {"licence": "mit", "repository": "lab/mine", "seen_by": "private", "token": "hf_any"}
WRITERS_DO = (302, 404, 403, 302, 302)

ACCESS = {
    "checkpoint_export": [Access(TEAM, kwargs=CHECKPOINT), Access(TEAM, kwargs=CHECKPOINT, query="?licence=mit")],
    "checkpoint_model_zip": [
        Access((302, 404, 422, 422, 422), kwargs=CHECKPOINT),
        Access(TEAM, kwargs=CHECKPOINT, query="?licence=mit"),
    ],
    "checkpoint_push": [
        Access(WRITERS_DO, kwargs=CHECKPOINT, post=PUSH),
        Access((302, 404, 403, 422, 422), kwargs=CHECKPOINT, post=PUSH | {"token": ""}),
    ],
    "push_call_back": [Access(WRITERS_DO, kwargs={"push_id": "waiting push"}, post={})],
    "checkpoint_pushes": [Access(TEAM, kwargs=CHECKPOINT)],
}


def make_things(lab: Lab) -> dict:
    files = {"pytorch_lora_weights.safetensors": b"weights"}
    checkpoint = add_checkpoint(add_run(lab.experiment, "to go out"), 4, files)
    add_push(lab, checkpoint, state=PushState.FAILED, error="The Hub does not know this token.")
    return {"exported": checkpoint.id, "waiting push": add_push(lab, checkpoint, "lab/later").id}


def add_push(lab: Lab, checkpoint: Checkpoint, repository: str = "lab/before", **fields) -> Push:
    """As it is in the tables, without anybody who would send it."""
    fields = {"licence_id": "mit", "due_at": timezone.now(), **fields}
    return Push.objects.create(checkpoint=checkpoint, created_by=lab.member, repository=repository, **fields)


def rows_of(team: Team) -> list[QuerySet]:
    return [Push.objects.filter(checkpoint__run__experiment__team=team)]
