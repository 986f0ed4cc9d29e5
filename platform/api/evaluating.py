"""Evaluations of a run's checkpoints on prompts and rewards of one's choice."""

import uuid
from typing import Annotated, Self

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.problems import unfit
from api.schemas import ProgressOut, ScoreOut
from catalog.prompt_files import is_reference
from catalog.resolving import resolve
from evaluating import services
from evaluating.results import Row, Table, result_of
from evaluating.selectors import kept_checkpoints, visible_evaluations
from evaluating.wishes import MAX_IMAGES_PER_PROMPT, MAX_PROMPTS, Wish, defaults_of
from flowdppo_engine.jobs.specs import MAX_CHECKPOINTS
from flowdppo_engine.prompts import is_sandbox
from jobs import services as jobs
from jobs.models import Job
from runs.models import Checkpoint, Run
from runs.selectors import visible_runs
from runs.services import require_writer
from teams.models import User

router = Router(tags=["Evaluations"])

MAX_SETS = 20
LARGEST_SEED = 2**31 - 1 - MAX_IMAGES_PER_PROMPT
Iterations = Annotated[list[int], Field(max_length=MAX_CHECKPOINTS)]


class NewEvaluation(Schema, extra="forbid"):
    """What is left out is as the run's own evaluations have it."""

    checkpoints: Annotated[
        Iterations | None, Field(description="Their iterations; left out, all that are kept. [] is the base model.")
    ] = None
    prompt_sets: Annotated[
        list[Text], Field(max_length=MAX_SETS, description="sandbox:NAME, or of the catalogue: Cats, Cats@2.")
    ] = []
    rewards: Annotated[Text, Field(description="A reward config of the catalogue: Mix, Mix@2.")] = ""
    num_prompts: Annotated[int | None, Field(ge=1, le=MAX_PROMPTS)] = None
    images_per_prompt: Annotated[int, Field(ge=1, le=MAX_IMAGES_PER_PROMPT)] = 1
    first_seed: Annotated[int, Field(ge=0, le=LARGEST_SEED)] = 0
    num_denoising_steps: Annotated[int | None, Field(ge=1, le=200)] = None
    guidance_scale: Annotated[float | None, Field(ge=1, le=30)] = None


class PolicyScores(Schema):
    """A policy on one prompt set; iteration 0 is the base model. `difference` is to it, paired; `kl` is in nats."""

    iteration: int
    prompt_set: str
    num_prompts: int
    scores: dict[str, ScoreOut]
    difference: dict[str, ScoreOut]
    kl: ScoreOut | None
    diversity: ScoreOut | None

    @classmethod
    def of(cls, table: Table, row: Row) -> Self:
        cells = [cell for cell in (*row.cells, *row.more) if cell.value]
        return cls(
            iteration=row.iteration,
            prompt_set=table.prompt_set,
            num_prompts=table.num_prompts,
            scores={cell.score: ScoreOut.from_orm(cell.value) for cell in cells},
            difference={cell.score: ScoreOut.from_orm(cell.difference) for cell in cells if cell.difference},
            kl=row.kl and ScoreOut.from_orm(row.kl),
            diversity=row.spread.value and ScoreOut.from_orm(row.spread.value),
        )


class AskedEvaluation(Schema):
    id: uuid.UUID
    name: str
    run: uuid.UUID
    state: str
    progress: ProgressOut | None
    error: str
    hint: str
    results: list[PolicyScores]
    page: str

    @classmethod
    def of(cls, job: Job) -> Self:
        doing = ProgressOut(
            phase=job.phase,
            done=job.phase_done,
            total=job.phase_total,
            unit=job.phase_unit,
            seconds_left=job.seconds_left,
        )
        return cls(
            **{name: getattr(job, name) for name in ("id", "name", "state", "error", "hint")},
            run=job.run_id,
            progress=doing if job.is_live and job.phase else None,
            results=[PolicyScores.of(table, row) for table in result_of(job).tables for row in table.rows],
            page=reverse("evaluation", args=[job.id]),
        )


@router.post("/runs/{run_id}/evaluate", response={201: AskedEvaluation})
@once
def evaluate(request: HttpRequest, run_id: uuid.UUID, body: NewEvaluation):
    """Queue an evaluation: the base model and the checkpoints on the same prompts and noise."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    require_writer(request.user, run.experiment.team_id)
    return Status(201, AskedEvaluation.of(services.evaluate(request.user, run, _wish(request.user, run, body))))


@router.get("/evaluations/{job_id}", response=AskedEvaluation)
def evaluation(request: HttpRequest, job_id: uuid.UUID):
    """How far it is, and what is known of each policy and prompt set so far."""
    return AskedEvaluation.of(get_object_or_404(visible_evaluations(request.user), id=job_id))


@router.post("/evaluations/{job_id}/go-on", response={202: AskedEvaluation})
@once
def go_on(request: HttpRequest, job_id: uuid.UUID):
    """Have one that failed or was cancelled do what is left."""
    jobs.go_on(request.user, get_object_or_404(visible_evaluations(request.user), id=job_id))
    return Status(202, AskedEvaluation.of(visible_evaluations(request.user).get(id=job_id)))


def _wish(user: User, run: Run, body: NewEvaluation) -> Wish:
    """Raises ConfigInvalid for names that the catalogue does not have."""
    own, team = defaults_of(run.config), run.experiment.team
    rewards = resolve(user, team, {"rewards": body.rewards}).fields["rewards"] if body.rewards else None
    return Wish(
        checkpoints=_checkpoints(user, run, body.checkpoints),
        prompt_sets=tuple(
            dict.fromkeys(_prompt_set(user, run, name) for name in body.prompt_sets or own["prompt_sets"])
        ),
        num_prompts=body.num_prompts or own["num_prompts"],
        seeds=tuple(range(body.first_seed, body.first_seed + body.images_per_prompt)),
        num_denoising_steps=body.num_denoising_steps or own["num_denoising_steps"],
        guidance_scale=body.guidance_scale or own["guidance_scale"],
        rewards=rewards,
    )


def _checkpoints(user: User, run: Run, iterations: list[int] | None) -> tuple[Checkpoint, ...]:
    kept = {one.iteration: one for one in kept_checkpoints(user, run)}
    wanted = kept if iterations is None else dict.fromkeys(iterations)
    for iteration in wanted:
        if iteration not in kept:
            there = ", ".join(map(str, kept)) or "none"
            raise unfit(
                "checkpoints", iteration, f"No checkpoint of iteration {iteration} is kept; there are: {there}."
            )
    return tuple(kept[iteration] for iteration in wanted)


def _prompt_set(user: User, run: Run, name: str) -> str:
    config = run.config
    is_own = name in (*config["evaluation"]["prompt_sets"], config["prompts"]["train"])
    if is_own or is_sandbox(name) or is_reference(name):
        return name
    found = resolve(user, run.experiment.team, {"evaluation": [name]}).fields
    return found["evaluation"]["prompt_sets"][0]
