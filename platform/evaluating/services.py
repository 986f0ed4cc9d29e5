"""What people ask for: evaluations of checkpoints."""

from django.core.exceptions import ValidationError
from django.db import transaction

from catalog.uses import find_uses
from evaluating.costs import cost_of
from evaluating.wishes import MAX_PICTURES, Wish, config_of
from flowdppo_engine.jobs.specs import MAX_CHECKPOINTS, EvaluatedCheckpoint, EvaluateJob
from flowdppo_engine.training.checkpoints import folder_name
from jobs import services as jobs
from jobs.models import Job, Kind
from runs.models import Checkpoint, Run
from runs.services import require_writer
from teams.models import User


def evaluate(user: User, run: Run, wish: Wish) -> Job:
    """Queue the evaluation of some checkpoints of a run, or of its base model alone.

    Raises PermissionDenied; ValidationError where the team has too many jobs waiting, or it would draw too much; and
    ConfigInvalid for what cannot be scored, and for prompts of another team.
    """
    team = run.experiment.team
    require_writer(user, team.id)
    if len(wish.checkpoints) > MAX_CHECKPOINTS:
        raise ValidationError(f"{len(wish.checkpoints)} checkpoints are too many: choose at most {MAX_CHECKPOINTS}.")
    config = config_of(run, wish)
    find_uses(team, config)
    num_pictures = cost_of(team, config, len(wish.checkpoints), len(wish.seeds)).num_pictures
    if num_pictures > MAX_PICTURES:
        raise ValidationError(
            f"That makes {num_pictures:,} pictures: take fewer checkpoints, prompts or pictures of each, so that "
            f"there are at most {MAX_PICTURES:,}."
        )
    spec = EvaluateJob(config=config, checkpoints=[_place(one) for one in wish.checkpoints], seeds=wish.seeds)
    with transaction.atomic():
        jobs.require_room(team)
        job = jobs.queue(user, team, Kind.EVALUATE, f"Evaluation of {run.name}{_which(wish)}", spec, run=run)
        job.checkpoints.set(wish.checkpoints)
    return job


def _place(checkpoint: Checkpoint) -> EvaluatedCheckpoint:
    folder = f"checkpoints/{folder_name(checkpoint.step)}"
    return EvaluatedCheckpoint(iteration=checkpoint.iteration, step=checkpoint.step, folder=folder)


def _which(wish: Wish) -> str:
    match wish.checkpoints:
        case ():
            return ", base model"
        case (only,):
            return f" at {only.iteration}"
    return f", {len(wish.checkpoints)} checkpoints"
