"""A checkpoint as others get it: its model card, a zip with all that belongs to it, and the way to the Hub."""

import uuid
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Self

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Header, Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.problems import Refused, unfit
from exporting import services
from exporting.card import write_card
from exporting.facts import read_facts
from exporting.hub_names import read_repository, read_token
from exporting.licences import LONGEST, Licence, read_licence
from exporting.models import Push
from exporting.selectors import pushes_of, visible_pushes
from exporting.services import Wish
from exporting.views import model_zip
from runs.models import Checkpoint
from runs.selectors import visible_checkpoints
from runs.services import require_writer

router = Router(tags=["Model cards and the Hub"])

GONE = "The files of this checkpoint are gone, the engine keeps the last ones only: take a newer one."


class LicenceIn(Schema, extra="forbid"):
    """Under which a checkpoint goes out."""

    licence: Annotated[
        Text, Field(max_length=60, description="base: the base model's, where it is known; mit, …; other.")
    ] = "base"
    licence_name: Annotated[Text, Field(max_length=LONGEST, description="Of other.")] = ""
    licence_link: Annotated[Text, Field(max_length=LONGEST, description="Of other.")] = ""

    def read(self, checkpoint: Checkpoint) -> Licence:
        source = checkpoint.run.config["model"]["source"]
        try:
            return read_licence(source, self.licence, self.licence_name, self.licence_link)
        except ValueError as error:
            raise unfit("licence", self.licence, str(error)) from None


class NewPush(LicenceIn):
    repository: Annotated[Text, Field(max_length=200, description="NAME/REPOSITORY; made if it is not there yet.")]
    is_private: Annotated[bool, Field(description="One that is there stays as it is, and must be so.")] = True


class PushOut(Schema):
    """`state`: waiting, sending, sent or failed. `error` says why it failed, or why it is tried again."""

    id: uuid.UUID
    checkpoint: int
    repository: str
    is_private: bool
    licence: str
    state: str
    error: str
    num_tries: int
    num_bytes: int | None
    commit: str
    address: Annotated[str, Field(description="On the Hub.")]
    created_at: datetime
    ended_at: datetime | None
    page: str

    @classmethod
    def of(cls, push: Push) -> Self:
        same = ("id", "repository", "is_private", "state", "error", "num_tries", "num_bytes", "commit", "created_at")
        return cls(
            **{name: getattr(push, name) for name in same},
            ended_at=push.ended_at,
            checkpoint=push.checkpoint_id,
            licence=push.licence.title,
            address=push.page,
            page=f"{reverse('checkpoint_export', args=[push.checkpoint_id])}#hub",
        )


@router.get("/checkpoints/{checkpoint_id}/card.md", response=str)
def model_card(request: HttpRequest, checkpoint_id: int, licence: Query[LicenceIn]):
    """The model card as the Hub reads it."""
    checkpoint = _find(request, checkpoint_id)
    card = write_card(read_facts(request.user, checkpoint), licence.read(checkpoint))
    return HttpResponse(card, content_type="text/markdown; charset=utf-8")


@router.get("/checkpoints/{checkpoint_id}/model.zip", response=bytes)
def model(request: HttpRequest, checkpoint_id: int, licence: Query[LicenceIn]):
    """The LoRA as diffusers loads it, the model card with its pictures, and the configuration."""
    checkpoint = _find(request, checkpoint_id)
    try:
        return model_zip(read_facts(request.user, checkpoint), licence.read(checkpoint))
    except FileNotFoundError:
        raise Refused(HTTPStatus.GONE, GONE) from None


@router.post("/checkpoints/{checkpoint_id}/push", response={202: PushOut})
@once
def push_checkpoint(
    request: HttpRequest,
    checkpoint_id: int,
    body: NewPush,
    hub_token: Annotated[str, Header(alias="Hub-Token", description="Of the Hub; kept until the push ends.")] = "",
):
    """Have the same files sent to a repository of the Hugging Face Hub, as one commit; then ask how it goes."""
    checkpoint = _find(request, checkpoint_id)
    require_writer(request.user, checkpoint.run.experiment.team_id)
    try:
        repository = read_repository(body.repository)
    except ValueError as error:
        raise unfit("repository", body.repository, str(error)) from None
    try:
        token = read_token(hub_token)
    except ValueError as error:
        raise unfit("Hub-Token", None, str(error)) from None
    wish = Wish(repository, body.is_private, body.read(checkpoint), token)
    return Status(202, PushOut.of(services.push(request.user, checkpoint, wish)))


@router.get("/checkpoints/{checkpoint_id}/pushes", response=list[PushOut])
def pushes(request: HttpRequest, checkpoint_id: int):
    """The last pushes of the checkpoint, newest first."""
    return [PushOut.of(one) for one in pushes_of(request.user, _find(request, checkpoint_id))]


@router.get("/pushes/{push_id}", response=PushOut)
def push(request: HttpRequest, push_id: uuid.UUID):
    """How it goes."""
    return PushOut.of(get_object_or_404(visible_pushes(request.user), id=push_id))


@router.post("/pushes/{push_id}/call-back", response={202: PushOut})
@once
def call_back(request: HttpRequest, push_id: uuid.UUID):
    """End one that waits; what is being sent may be there by now."""
    services.call_back(request.user, get_object_or_404(visible_pushes(request.user), id=push_id))
    return Status(202, PushOut.of(visible_pushes(request.user).get(id=push_id)))


def _find(request: HttpRequest, checkpoint_id: int) -> Checkpoint:
    return get_object_or_404(visible_checkpoints(request.user), id=checkpoint_id)
