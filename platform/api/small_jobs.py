"""Small jobs of minutes: a dry run of rewards, and the first step of a configuration."""

import uuid
from datetime import datetime
from typing import Annotated, Any, Self

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.configurations import Configuration, resolve
from api.idempotency import once
from api.inputs import Text
from jobs import services
from jobs.models import Job
from jobs.selectors import visible_jobs
from runs.models import Experiment
from runs.selectors import visible_experiments
from runs.services import require_writer

router = Router(tags=["Small jobs"])


class NewDryRun(Configuration):
    """The rewards of a configuration, on what its base model draws."""

    prompts: Annotated[list[Text], Field(max_length=64, description="Left out, the first of the training set.")] = []
    num_prompts: Annotated[int, Field(ge=1, le=64)] = 4
    images_per_prompt: Annotated[int, Field(ge=1, le=16)] = 4


class JobOut(Schema):
    """`result` is what the engine told, by the type of its event."""

    id: uuid.UUID
    kind: str
    name: str
    state: str
    result: dict[str, Any]
    error: str
    hint: str
    created_at: datetime
    ended_at: datetime | None
    page: str

    @classmethod
    def of(cls, job: Job) -> Self:
        names = ("id", "kind", "name", "state", "result", "error", "hint", "created_at", "ended_at")
        return cls(**{name: getattr(job, name) for name in names}, page=reverse("job", args=[job.id]))


@router.post("/experiments/{experiment_id}/dry-runs", response={201: JobOut})
@once
def dry_run(request: HttpRequest, experiment_id: int, body: NewDryRun):
    """Score a handful of pictures with the rewards of a configuration before anything is queued."""
    experiment = _to_write(request, experiment_id)
    resolved = resolve(request.user, body)
    job = services.dry_run(
        request.user, experiment.team, resolved.recipe or "rewards", resolved.config,
        prompts=body.prompts, num_prompts=body.num_prompts, images_per_prompt=body.images_per_prompt,
    )  # fmt: skip
    return Status(201, JobOut.of(job))


@router.post("/experiments/{experiment_id}/preflights", response={201: JobOut})
@once
def preflight(request: HttpRequest, experiment_id: int, body: Configuration):
    """Try the first step of a configuration."""
    experiment = _to_write(request, experiment_id)
    resolved = resolve(request.user, body)
    name = resolved.recipe or "configuration"
    return Status(201, JobOut.of(services.preflight(request.user, experiment.team, name, resolved.config)))


@router.get("/jobs/{job_id}", response=JobOut)
def job(request: HttpRequest, job_id: uuid.UUID):
    return JobOut.of(get_object_or_404(visible_jobs(request.user), id=job_id))


@router.post("/jobs/{job_id}/cancel", response={202: JobOut})
@once
def cancel_job(request: HttpRequest, job_id: uuid.UUID):
    """Give the job up."""
    services.cancel(request.user, get_object_or_404(visible_jobs(request.user), id=job_id))
    return Status(202, JobOut.of(visible_jobs(request.user).get(id=job_id)))


def _to_write(request: HttpRequest, experiment_id: int) -> Experiment:
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    require_writer(request.user, experiment.team_id)
    return experiment
