"""What a run has made: its log, evaluations, samples and checkpoints, and their files."""

from http import HTTPStatus
from pathlib import PurePosixPath
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router
from pydantic import Field

from api.paging import Order, PageOf, read_page
from api.problems import Refused
from api.schemas import CheckpointOut, EvaluationOut, LogOut, SampleOut, SamplePage
from runs import downloads, panel_views
from runs.fragments import log_context
from runs.media import visible_samples
from runs.models import Checkpoint, Sample
from runs.selectors import visible_checkpoints, visible_evaluations, visible_runs

router = Router(tags=["Results"])

AS_WRITTEN = Order(("id",))
LARGEST_ID = 2**63 - 1


@router.get("/runs/{run_id}/log", response=LogOut)
def log(request: HttpRequest, run_id: UUID, after: Annotated[int | None, Field(ge=0, le=LARGEST_ID)] = None):
    """The last lines, or with `after` (the cursor of the answer before) the next ones; at most 400."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    context = log_context(request.user, run, after)
    return {"lines": context["lines"], "cursor": context["cursor"], "live": run.is_live or context["more_waits"]}


@router.get("/runs/{run_id}/log.txt", response=str)
def log_text(request: HttpRequest, run_id: UUID):
    """The whole log as plain text."""
    return downloads.run_log_text(request, run_id=run_id)


@router.get("/runs/{run_id}/config.yaml", response=str)
def config_yaml(request: HttpRequest, run_id: UUID):
    """The configuration as the command line reads it."""
    return downloads.run_config(request, run_id=run_id)


@router.get("/runs/{run_id}/evaluations", response=list[EvaluationOut])
def evaluations(request: HttpRequest, run_id: UUID):
    """Scores by prompt set and reward, in the order of their iterations; iteration 0 is the base model."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    return list(visible_evaluations(request.user).filter(run=run))


@router.get("/runs/{run_id}/samples", response=SamplePage)
def samples(
    request: HttpRequest,
    run_id: UUID,
    page: PageOf,
    iteration: int | None = None,
    kind: Literal["fixed", "rollout"] | None = None,
):
    """The pictures of a run with prompt, seed and rewards, in the order in which they were drawn."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    rows = visible_samples(request.user).filter(run=run)
    if iteration is not None:
        rows = rows.filter(iteration=iteration)
    if kind is not None:
        rows = rows.filter(kind=kind)
    found, following = read_page(rows, AS_WRITTEN, page)
    return SamplePage(items=[_describe_sample(row) for row in found], next=following)


@router.get("/samples/{sample_id}/picture", response=bytes)
def sample_picture(request: HttpRequest, sample_id: int):
    """The picture or video as the engine wrote it."""
    return panel_views.sample_picture(request, sample_id=sample_id)


@router.get("/samples/{sample_id}/thumbnail", response=bytes)
def sample_thumbnail(request: HttpRequest, sample_id: int):
    """A small one: at most 25 kB."""
    return panel_views.sample_thumbnail(request, sample_id=sample_id)


@router.get("/runs/{run_id}/checkpoints", response=list[CheckpointOut])
def checkpoints(request: HttpRequest, run_id: UUID):
    """The checkpoints of a run, newest first."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    return [_describe_checkpoint(row) for row in visible_checkpoints(request.user).filter(run=run)]


@router.get("/checkpoints/{checkpoint_id}/folder.zip", response=bytes)
def checkpoint_folder(request: HttpRequest, checkpoint_id: int):
    """The whole folder, as the engine can resume from it."""
    return _while_it_lasts(downloads.checkpoint_zip(request, checkpoint_id=checkpoint_id))


@router.get("/checkpoints/{checkpoint_id}/lora.safetensors", response=bytes)
def checkpoint_lora(request: HttpRequest, checkpoint_id: int):
    """The LoRA alone, as diffusers loads it."""
    return _while_it_lasts(downloads.checkpoint_lora(request, checkpoint_id=checkpoint_id))


def _while_it_lasts(response: HttpResponse) -> HttpResponseBase:
    if response.status_code == HTTPStatus.GONE:
        message = "The files of this checkpoint are gone, the engine keeps the last ones only: take a newer one."
        raise Refused(HTTPStatus.GONE, message)
    return response


def _describe_sample(sample: Sample) -> SampleOut:
    same = ("id", "iteration", "step", "kind", "index", "prompt", "seed", "rewards", "group", "advantage", "kl")
    return SampleOut(
        **{name: getattr(sample, name) for name in same},
        picture=reverse("api-1:sample_picture", args=[sample.id]),
        thumbnail=reverse("api-1:sample_thumbnail", args=[sample.id]),
    )


def _describe_checkpoint(checkpoint: Checkpoint) -> CheckpointOut:
    same = ("id", "iteration", "step", "num_bytes", "removed")
    return CheckpointOut(
        **{name: getattr(checkpoint, name) for name in same},
        name=PurePosixPath(checkpoint.path).name,
        folder=reverse("api-1:checkpoint_folder", args=[checkpoint.id]),
        lora=reverse("api-1:checkpoint_lora", args=[checkpoint.id]),
    )
