"""The playground: pictures of a prompt by up to four policies. A sheet is a request, seen by who made it alone."""

import uuid
from datetime import datetime
from typing import Annotated, Self
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.problems import Problem, refused_for
from pictures.models import Drawing
from pictures.selectors import visible_drawings
from pictures.views import drawing_picture
from playground import selectors, services
from playground.asked import MAX_POLICIES, MAX_SEEDS, Asked, asked_of, read_asked
from playground.models import Sheet

router = Router(tags=["Playground"])


class Wanted(Schema, extra="forbid"):
    policies: Annotated[
        list[Text],
        Field(max_length=2 * MAX_POLICIES, description="RUN@40: a run after 40 iterations; @0 its base model."),
    ]
    prompt: Text
    seeds: Annotated[list[int], Field(min_length=1, max_length=2 * MAX_SEEDS)] = [1]
    num_steps: Annotated[int | None, Field(description="Left out, as the first run's evaluations draw.")] = None
    guidance_scale: Annotated[float | None, Field(description="Left out, likewise.")] = None


class DrawnOut(Schema):
    """A picture that is there. `ref` names it in comparisons and reports; one that is not kept goes after a day."""

    id: int
    ref: str
    policy: str
    seed: int
    is_kept: bool
    picture: str

    @classmethod
    def of(cls, drawing: Drawing) -> Self:
        return cls(
            id=drawing.id,
            ref=f"d{drawing.id}",
            policy=f"{drawing.run_id}@{drawing.iteration}",
            seed=drawing.seed,
            is_kept=drawing.expires_at is None,
            picture=reverse("api-1:picture", args=[drawing.id]),
        )


class SheetOut(Schema):
    id: uuid.UUID
    state: str
    created_at: datetime
    prompt: str
    policies: list[str]
    seeds: list[int]
    num_steps: int
    guidance_scale: float
    num_places: Annotated[int, Field(description="Pictures that it is going to have.")]
    pictures: list[DrawnOut]
    error: str
    hint: str
    page: str

    @classmethod
    def of(cls, sheet: Sheet, drawn: list[Drawing]) -> Self:
        same = ("id", "state", "created_at", "prompt", "policies", "seeds", "num_steps", "guidance_scale")
        same += ("num_places", "error", "hint")
        values = {name: getattr(sheet, name) for name in same}
        return cls(**values, pictures=[DrawnOut.of(row) for row in drawn], page=asked_of(sheet).address)


@router.post("/sheets", response={202: SheetOut})
@once
def draw(request: HttpRequest, body: Wanted):
    """Have pictures drawn. What is there already is not drawn again; ask for the sheet until its state is `done`."""
    made = services.draw(request.user, _asked(body))
    return Status(202, _sheet_out(request, made))


@router.get("/sheets/{sheet_id}", response=SheetOut)
def sheet(request: HttpRequest, sheet_id: uuid.UUID):
    """How far it is, and the pictures that are there."""
    return _sheet_out(request, _visible(request, sheet_id))


@router.post("/sheets/{sheet_id}/stop", response={202: SheetOut})
@once
def stop(request: HttpRequest, sheet_id: uuid.UUID):
    """Draw no more of it; what is there stays."""
    services.stop(request.user, _visible(request, sheet_id))
    return Status(202, _sheet_out(request, _visible(request, sheet_id)))


@router.get("/drawings/{drawing_id}/picture", response=bytes)
def picture(request: HttpRequest, drawing_id: int):
    """The picture as it was drawn."""
    return drawing_picture(request, drawing_id=drawing_id)


@router.post("/drawings/{drawing_id}/keep", response=DrawnOut)
@once
def keep(request: HttpRequest, drawing_id: int):
    """Have it stay, among the samples of its run."""
    services.keep(request.user, _there(request, drawing_id))
    return Status(200, DrawnOut.of(_there(request, drawing_id)))


@router.post("/drawings/{drawing_id}/let-go", response=DrawnOut)
@once
def let_go(request: HttpRequest, drawing_id: int):
    """Let a picture of the playground that was kept go after a day."""
    services.let_go(request.user, _there(request, drawing_id))
    return Status(200, DrawnOut.of(_there(request, drawing_id)))


def _asked(body: Wanted) -> Asked:
    """As the page's address is read."""
    texts = {"policies": ",".join(body.policies), "prompt": body.prompt, "seeds": ",".join(map(str, body.seeds))}
    texts |= {"steps": "" if body.num_steps is None else str(body.num_steps)}
    texts |= {"guidance": "" if body.guidance_scale is None else repr(body.guidance_scale)}
    asked, problems = read_asked(QueryDict(urlencode(texts)))
    if problems:
        raise refused_for(Problem(field=name, message=message) for name, message in problems.items())
    return asked


def _visible(request: HttpRequest, sheet_id: uuid.UUID) -> Sheet:
    return get_object_or_404(selectors.visible_sheets(request.user), id=sheet_id)


def _there(request: HttpRequest, drawing_id: int) -> Drawing:
    return get_object_or_404(visible_drawings(request.user).filter(selectors.there()), id=drawing_id)


def _sheet_out(request: HttpRequest, sheet: Sheet) -> SheetOut:
    return SheetOut.of(sheet, list(selectors.pictures_of(request.user, sheet).values()))
