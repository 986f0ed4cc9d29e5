"""What people ask for: dry runs of rewards, and pre-flights. Each verb checks the role first."""

from collections.abc import Sequence
from functools import partial

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q

from catalog.uses import find_uses
from flowdppo_engine.config import RewardModelOptions, RunConfig
from flowdppo_engine.config.base import Strict
from flowdppo_engine.jobs.specs import EvaluateJob, GivenPicture, PreflightJob, ScoreJob
from jobs import lifecycle
from jobs.models import LIVE, Job, Kind
from jobs.uploads import Upload
from runs import nudges
from runs.models import Run, RunState
from runs.services import require_writer
from teams import audit
from teams.models import Team, User

MAX_LIVE = 20
INPUTS = "inputs"
SPECS: dict[str, type[Strict]] = {Kind.SCORE: ScoreJob, Kind.PREFLIGHT: PreflightJob, Kind.EVALUATE: EvaluateJob}


def dry_run(
    user: User,
    team: Team,
    name: str,
    config: RunConfig,
    *,
    prompts: Sequence[str] = (),
    num_prompts: int = 4,
    images_per_prompt: int = 4,
    given: Sequence[Upload] = (),
) -> Job:
    """Queue a dry run of the rewards of `config`, which was checked (`runs.config_errors.check_config`).

    On `given` pictures, or else on what the base model draws of `prompts`, or without any of the first of the training
    set. Raises PermissionDenied; ValidationError where the team has too many jobs waiting; ConfigInvalid where the
    configuration names another team's prompts; and pydantic's ValidationError where the numbers are too large.
    """
    require_writer(user, team.id)
    find_uses(team, config)
    files = [
        GivenPicture(file=f"{INPUTS}/{place:04d}.png", prompt=upload.prompt) for place, upload in enumerate(given)
    ]
    spec = ScoreJob(
        config=config,
        given=files,
        prompts=prompts,
        num_prompts=num_prompts,
        images_per_prompt=images_per_prompt,
    )
    with transaction.atomic():
        require_room(team)
        job = queue(user, team, Kind.SCORE, f"Dry run of {name}", spec, draws=not given)
        for file, upload in zip(files, given, strict=True):
            default_storage.save(f"{job.folder}/{file.file}", ContentFile(upload.png))
    return job


def preflight(user: User, team: Team, name: str, config: RunConfig) -> Job:
    """Try the first step of a configuration that was checked. Raises PermissionDenied, ValidationError and
    ConfigInvalid, as `dry_run`.
    """
    require_writer(user, team.id)
    find_uses(team, config)
    with transaction.atomic():
        require_room(team)
        return queue(user, team, Kind.PREFLIGHT, f"First step of {name}", PreflightJob(config=config))


@transaction.atomic
def try_first(user: User, run: Run) -> Job | None:
    """Have a run that was just submitted wait until its first step was tried; the run fails if that fails.

    To be called in the transaction that submits it. A run that a worker has taken already is left alone.
    """
    require_writer(user, run.experiment.team_id)
    waiting = Run.objects.filter(id=run.id, state=RunState.QUEUED, num_attempts=0, is_reported=False)
    if not waiting.update(awaits_preflight=True):
        return None
    spec = PreflightJob(config=RunConfig.model_validate(run.config))
    return queue(user, run.experiment.team, Kind.PREFLIGHT, f"First step of {run.name}", spec, run=run)


def cancel(user: User, job: Job) -> None:
    """Give up a job; one that has ended stays as it is. A run that waits for it goes on without. PermissionDenied."""
    require_writer(user, job.team_id)
    with transaction.atomic():
        if lifecycle.request_cancel(job):
            audit.record(user, job.team, "asked to cancel", f"job “{job.name}”", str(job.id))


def go_on(user: User, job: Job) -> None:
    """Have an evaluation that failed or was cancelled do what is left. Raises PermissionDenied and ValidationError."""
    require_writer(user, job.team_id)
    with transaction.atomic():
        require_room(job.team)
        if lifecycle.go_on(job):
            audit.record(user, job.team, "queued again", f"job “{job.name}”", str(job.id))
            _come_and_look(job)


def again(user: User, job: Job) -> Job:
    """The same once more, as a job of its own. Raises PermissionDenied and ValidationError."""
    require_writer(user, job.team_id)
    with transaction.atomic():
        require_room(job.team)
        spec = SPECS[job.kind].model_validate(job.payload)
        run = job.run if job.kind == Kind.EVALUATE else None
        copy = queue(user, job.team, Kind(job.kind), job.name, spec, run=run, needs_gpu=job.needs_gpu)
        copy.checkpoints.set(job.checkpoints.all())
        for given in job.payload.get("given", ()):
            with default_storage.open_from(f"{job.folder}/{given['file']}") as file:
                default_storage.save(f"{copy.folder}/{given['file']}", ContentFile(file.read()))
    return copy


def queue(
    user: User,
    team: Team,
    kind: Kind,
    name: str,
    spec: Strict,
    *,
    run: Run | None = None,
    draws: bool = True,
    needs_gpu: bool | None = None,
) -> Job:
    """To be called in a transaction, after `require_writer` and `require_room`."""
    job = Job.objects.create(
        team=team,
        kind=kind,
        name=name[: Job._meta.get_field("name").max_length],
        run=run,
        payload=spec.model_dump(mode="json"),
        needs_gpu=_needs_gpu(spec.config, draws) if needs_gpu is None else needs_gpu,
        created_by=user,
    )
    audit.record(user, team, "queued", f"job “{job.name}”", str(job.id))
    _come_and_look(job)
    return job


def _come_and_look(job: Job) -> None:
    # Workers look every few seconds anyway: a message that is lost costs those.
    transaction.on_commit(partial(nudges.post, nudges.COME_AND_LOOK, str(job.id)), robust=True)


def _needs_gpu(config: RunConfig, draws: bool) -> bool:
    """Whether a network works on the training device; the sandbox's base model is small enough for a processor."""
    if draws and config.model.source != "sandbox":
        return True
    networks = (reward for reward in config.rewards if isinstance(reward, RewardModelOptions))
    return any(reward.device != "cpu" for reward in networks)


def require_room(team: Team) -> None:
    """So many that one team cannot fill the queue by itself; those that a run waits for do not count."""
    Team.objects.select_for_update().get(id=team.id)
    for_runs = Q(kind=Kind.PREFLIGHT, run__isnull=False)
    if Job.objects.filter(~for_runs, team=team, state__in=LIVE).count() >= MAX_LIVE:
        raise ValidationError(
            f"{team} has {MAX_LIVE} jobs waiting or at work, which is as many as may be: cancel some, or wait."
        )
