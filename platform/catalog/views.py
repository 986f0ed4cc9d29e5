"""The pages of the catalogue that are read."""

from itertools import zip_longest

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET

from catalog import selectors
from catalog.contents import as_yaml, summary_of
from catalog.differences import field_changes, prompt_difference
from catalog.models import Item, Kind, Version
from catalog.prompt_texts import SUFFIXES
from teams.selectors import may_write, teams_of, teams_written_by

NUM_VERSIONS = 20
NUM_RUNS = 20


@require_GET
def catalogue(request: HttpRequest) -> HttpResponse:
    """The items of one kind (`?kind=`); `?after=` is the last id of the page before, `?archived=1` the archive."""
    kind = request.GET.get("kind", Kind.REWARDS)
    kind = Kind(kind if kind in Kind.values else Kind.REWARDS)
    archived = request.GET.get("archived") == "1"
    rows = selectors.items_after(request.user, kind, archived, _place(request))
    shown = rows[: selectors.PAGE_SIZE]
    counts = selectors.item_counts(request.user)
    writable = list(teams_written_by(request.user))
    context = {
        "tabs": [(one, counts[one]) for one in Kind],
        "kind": kind,
        "rows": shown,
        "next": shown[-1].item.id if len(rows) > len(shown) else None,
        "archived": archived,
        "is_later": "after" in request.GET,
        "teams": writable,
        "has_team": teams_of(request.user).exists(),
        "is_empty": not any(counts.values()) and not archived,
    }
    return render(request, "catalog/catalogue.html", context)


@require_GET
def item_page(request: HttpRequest, item_id: int) -> HttpResponse:
    """An item with one of its versions (`?version=`), the newest one if none is named, and the runs that used it."""
    item = visible_item(request, item_id)
    versions = selectors.versions_of(request.user, item)
    older, before = (_number(request, name) for name in ("older", "before"))
    listed = list((versions.filter(number__lt=older) if older else versions)[: NUM_VERSIONS + 1])
    uses = list(selectors.runs_using(request.user, item, before)[: NUM_RUNS + 1])
    version = get_object_or_404(versions, number=_number(request, "version") or item.newest)
    context = {
        "item": item,
        "version": version,
        "is_newest": version.number == item.newest,
        # Each with the number of the one before it.
        "versions": list(zip_longest(listed[:NUM_VERSIONS], [one.number for one in listed[1:]])),
        "older": listed[NUM_VERSIONS - 1].number if len(listed) > NUM_VERSIONS else None,
        "uses": uses[:NUM_RUNS],
        "before": uses[NUM_RUNS - 1].id if len(uses) > NUM_RUNS else None,
        "may_write": may_write(request.user, item.team_id),
        **content_context(version),
    }
    return render(request, "catalog/item.html", context)


@require_GET
def difference(request: HttpRequest, item_id: int) -> HttpResponse:
    """What is different between two versions (`?before=2&after=3`)."""
    item = visible_item(request, item_id)
    versions = selectors.versions_of(request.user, item)
    before, after = (
        get_object_or_404(versions, number=_number(request, name) or item.newest) for name in ("before", "after")
    )
    numbers = list(versions.values_list("number", flat=True)[:100])
    context = {
        "item": item,
        "before": before,
        "after": after,
        "numbers": sorted({*numbers, before.number, after.number}, reverse=True),
        **difference_context(before, after),
    }
    return render(request, "catalog/difference.html", context)


@require_GET
def version_file(request: HttpRequest, item_id: int, number: int) -> HttpResponse:
    """A prompt file, or the block of a configuration as YAML."""
    item = visible_item(request, item_id)
    version = get_object_or_404(selectors.versions_of(request.user, item), number=number)
    suffix = SUFFIXES[version.content["format"]] if item.kind == Kind.PROMPTS else "yaml"
    response = HttpResponse(selectors.file_of(version), content_type="text/plain; charset=utf-8")
    name = f"{slugify(item.name) or item.kind}-v{number}.{suffix}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def visible_item(request: HttpRequest, item_id: int) -> Item:
    return get_object_or_404(selectors.visible_items_with_newest(request.user), id=item_id)


def content_context(version: Version) -> dict:
    """What a version holds, for `catalog/_content.html`."""
    kind = version.item.kind
    shown = {"content": version.content, "summary": summary_of(kind, version.content)}
    if kind == Kind.PROMPTS:
        return shown | {"preview": selectors.prompt_preview(version), "num_previewed": selectors.NUM_PREVIEWED}
    return shown | {"yaml": as_yaml(kind, version.content)}


def difference_context(before: Version, after: Version) -> dict:
    """For `catalog/_difference.html`."""
    if before.item.kind == Kind.PROMPTS:
        return {"prompts": prompt_difference(*map(selectors.prompt_file, (before, after)))}
    return {"changes": field_changes(before.item.kind, before.content, after.content)}


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 10 else None


def _place(request: HttpRequest) -> tuple[str, int] | None:
    """Where the page before has ended."""
    last = selectors.visible_items(request.user).filter(id=_number(request, "after") or 0).first()
    return (last.name, last.id) if last else None
