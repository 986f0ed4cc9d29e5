"""The catalogue: base models, prompt sets and reward configs, in versions that never change."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.experiments import team_to_write
from api.idempotency import once
from api.inputs import Text
from api.paging import Order, PageOf, read_page
from api.problems import unfit
from catalog import services
from catalog.contents import Content, model_content, prompts_content, rewards_content
from catalog.models import Item, Kind, Version
from catalog.selectors import prompt_preview, versions_of, visible_items
from runs.services import require_writer

router = Router(tags=["Catalogue"])

BY_NAME = Order(("name", "id"))
KindName = Literal["model", "prompts", "rewards"]
Block = Annotated[
    dict[str, Any] | list[dict[str, Any]] | Text,
    Field(description="The model's or the rewards' block of RunConfig; a prompt set's text, one prompt a line."),
]
Note = Annotated[Text, Field(max_length=300, description="What is new in it.")]


class NewVersion(Schema, extra="forbid"):
    content: Block
    note: Note = ""


class NewItem(NewVersion):
    kind: KindName
    name: Annotated[Text, Field(min_length=1, max_length=80)]
    team: Annotated[Text, Field(description="Its slug; not needed where you write to one team only.")] = ""


class ItemFilter(Schema):
    kind: KindName | None = None
    archived: bool = False


class ItemOut(Schema):
    id: int
    kind: str
    name: str
    team: str
    num_versions: int
    is_archived: bool

    @classmethod
    def of(cls, item: Item, **more) -> Self:
        same = {name: getattr(item, name) for name in ("id", "kind", "name", "num_versions")}
        return cls(**same, team=item.team.slug, is_archived=item.archived_at is not None, **more)


class VersionOut(Schema):
    """`reference` is what a configuration names a prompt set by; `prompts` are its first ones."""

    number: int
    content: dict[str, Any] | list[dict[str, Any]]
    reference: str
    note: str
    created_at: datetime
    prompts: list[str]

    @classmethod
    def of(cls, version: Version) -> Self:
        same = {name: getattr(version, name) for name in ("number", "content", "reference", "note", "created_at")}
        return cls(**same, prompts=prompt_preview(version) if version.item.kind == Kind.PROMPTS else [])


class ItemDetail(ItemOut):
    newest: VersionOut | None


class ItemPage(Schema):
    items: list[ItemOut]
    next: str | None


@router.get("/catalogue", response=ItemPage)
def items(request: HttpRequest, page: PageOf, chosen: Annotated[ItemFilter, Query()]):
    """What your teams have, by name."""
    rows = visible_items(request.user).filter(archived_at__isnull=not chosen.archived)
    rows = rows.filter(kind=chosen.kind) if chosen.kind else rows
    found, following = read_page(rows, BY_NAME, page)
    return ItemPage(items=[ItemOut.of(item) for item in found], next=following)


@router.post("/catalogue", response={201: ItemDetail})
@once
def make_item(request: HttpRequest, body: NewItem):
    """A new item with its first version."""
    team = team_to_write(request.user, body.team)
    version = services.create_item(request.user, team, body.name.strip(), _content(body.kind, body.content), body.note)
    return Status(201, _detail(request, version.item_id))


@router.get("/catalogue/{item_id}", response=ItemDetail)
def item(request: HttpRequest, item_id: int):
    """An item with its newest version."""
    return _detail(request, item_id)


@router.post("/catalogue/{item_id}/versions", response={201: VersionOut})
@once
def make_version(request: HttpRequest, item_id: int, body: NewVersion):
    """The next version. What runs have used stays as it was."""
    found = get_object_or_404(visible_items(request.user), id=item_id)
    require_writer(request.user, found.team_id)
    version = services.add_version(request.user, found, _content(found.kind, body.content), body.note)
    return Status(201, VersionOut.of(version))


@router.get("/catalogue/{item_id}/versions/{number}", response=VersionOut)
def version(request: HttpRequest, item_id: int, number: int):
    found = get_object_or_404(visible_items(request.user), id=item_id)
    return VersionOut.of(get_object_or_404(versions_of(request.user, found), number=number))


def _detail(request: HttpRequest, item_id: int) -> ItemDetail:
    found = get_object_or_404(visible_items(request.user), id=item_id)
    newest = versions_of(request.user, found).first()
    return ItemDetail.of(found, newest=newest and VersionOut.of(newest))


def _content(kind: str, given: Any) -> Content:
    wanted, make = {
        Kind.MODEL: (dict, model_content),
        Kind.REWARDS: (list, rewards_content),
        Kind.PROMPTS: (str, prompts_content),
    }[kind]
    if not isinstance(given, wanted):
        names = {dict: "an object of fields", list: "a list of blocks", str: "a text, one prompt a line"}
        raise unfit("content", None, f"It does not fit a {Kind(kind).label}: give {names[wanted]}.")
    return make(given)
