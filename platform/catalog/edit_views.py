"""The pages of the catalogue that change it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from catalog import selectors, services
from catalog.contents import Content, summary_of
from catalog.differences import PromptFile, field_changes, prompt_difference
from catalog.drafts import Draft, RewardsDraft, draft_of, draft_of_post
from catalog.forms import ItemForm, VersionForm
from catalog.models import Item, Kind, Version
from catalog.views import visible_item
from runs.models import Run
from runs.selectors import parse_run_id, visible_runs
from runs.services import require_team_to_write, require_writer
from teams.selectors import teams_of

FROM_RUN = (Kind.MODEL, Kind.REWARDS)
NUM_PREVIEWED = 5


@require_http_methods(["GET", "POST"])
def item_new(request: HttpRequest, kind: str) -> HttpResponse:
    """A new item, empty or with what a run has (`?run=`)."""
    require_team_to_write(request.user)
    kind = Kind(kind)
    if request.method == "GET":
        run = _run_to_save(request)
        form = ItemForm(user=request.user, initial={"team": run.experiment.team_id} if run else None)
        draft = draft_of(kind, _saved(kind, run)) if run else draft_of(kind)
        return _render_new(request, kind, form, draft)
    form = ItemForm(request.POST, user=request.user)
    draft = draft_of_post(kind, request.POST, request.FILES)
    if edited := _edited(draft, request.POST):
        return _render_new(request, kind, form, edited)
    draft = draft.judged()
    if form.is_valid() and draft.content:
        asked = form.cleaned_data
        try:
            version = services.create_item(request.user, asked["team"], asked["name"], draft.content, asked["note"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("catalogue_item", version.item_id)
    return _render_new(request, kind, form, draft, status=422)


@require_http_methods(["GET", "POST"])
def item_edit(request: HttpRequest, item_id: int) -> HttpResponse:
    """The next version, from what the newest one holds; `?from=` another one's."""
    item = visible_item(request, item_id)
    require_writer(request.user, item.team_id)
    last = _version(request, item, item.newest)
    if request.method == "GET":
        number = request.GET.get("from", "")
        start = _version(request, item, int(number)) if number.isdecimal() and len(number) < 10 else last
        return _render_edit(request, item, last, VersionForm(), _draft_of_version(start))
    form = VersionForm(request.POST)
    draft = draft_of_post(item.kind, request.POST, request.FILES, last.content)
    if edited := _edited(draft, request.POST):
        return _render_edit(request, item, last, form, edited)
    draft = draft.judged()
    if form.is_valid() and draft.content:
        try:
            version = services.add_version(request.user, item, draft.content, form.cleaned_data["note"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.info(request, f"v{version.number} is made. Runs that used an earlier one keep it.")
            return redirect("catalogue_item", item.id)
    return _render_edit(request, item, last, form, draft, status=422)


@require_POST
def check(request: HttpRequest, kind: str) -> HttpResponse:
    """What is wrong with what stands in the editor, or what it makes; with `?item=` also what changes by it."""
    item = visible_item(request, int(request.GET["item"])) if request.GET.get("item", "").isdecimal() else None
    last = _version(request, item, item.newest) if item and item.kind == kind else None
    draft = draft_of_post(kind, request.POST, request.FILES, last.content if last else None).judged()
    return render(request, "catalog/_check.html", _check_context(draft, last))


@require_POST
def item_archive(request: HttpRequest, item_id: int) -> HttpResponse:
    """Into the archive, or with `archived=0` out of it."""
    item = visible_item(request, item_id)
    services.set_archived(request.user, item, request.POST.get("archived") == "1")
    return redirect("catalogue_item", item_id)


@require_POST
def version_delete(request: HttpRequest, item_id: int, number: int) -> HttpResponse:
    item = visible_item(request, item_id)
    version = _version(request, item, number)
    try:
        left = services.delete_version(request.user, version)
    except ValidationError as error:
        messages.error(request, error.message)
        return redirect("catalogue_item", item_id)
    messages.info(request, f"v{number} of “{item.name}” is deleted.")
    return redirect("catalogue_item", item_id) if left else redirect(_list_of(item.kind))


@require_POST
def sandbox_add(request: HttpRequest, team_id: int) -> HttpResponse:
    """The sandbox's own things, for a team whose catalogue is empty."""
    team = get_object_or_404(teams_of(request.user), id=team_id)
    services.add_sandbox(request.user, team)
    return redirect("catalogue")


def _render_new(request: HttpRequest, kind: Kind, form: ItemForm, draft: Draft, status: int = 200) -> HttpResponse:
    context = {"kind": kind, "form": form, "draft": draft, "cancel": _list_of(kind), **_check_context(draft, None)}
    return render(request, "catalog/edit.html", context, status=status)


def _render_edit(
    request: HttpRequest, item: Item, last: Version, form: VersionForm, draft: Draft, status: int = 200
) -> HttpResponse:
    context = {"kind": Kind(item.kind), "item": item, "last": last, "form": form, "draft": draft}
    context |= {"cancel": reverse("catalogue_item", args=[item.id]), **_check_context(draft, last)}
    return render(request, "catalog/edit.html", context, status=status)


def _check_context(draft: Draft, last: Version | None) -> dict:
    context = {"draft": draft, "made": draft.content, "last": last}
    if draft.content and draft.content.kind == Kind.PROMPTS:
        context["preview"] = selectors.prompts_in(_file_of(draft.content), NUM_PREVIEWED)
    elif draft.content:
        context["summary"] = summary_of(draft.content.kind, draft.content.data)
    return context | (_difference(last, draft.content) if draft.content and last else {})


def _difference(last: Version, content: Content) -> dict:
    if content.kind == Kind.PROMPTS:
        return {"prompts": prompt_difference(selectors.prompt_file(last), _file_of(content))}
    return {"changes": field_changes(content.kind, last.content, content.data)}


def _file_of(content: Content) -> PromptFile:
    return PromptFile(content.data["format"], content.text)


def _edited(draft: Draft, post) -> Draft | None:
    return draft.edited(post) if isinstance(draft, RewardsDraft) else None


def _draft_of_version(version: Version) -> Draft:
    text = selectors.prompt_file(version).text if version.item.kind == Kind.PROMPTS else ""
    return draft_of(version.item.kind, version.content, text)


def _version(request: HttpRequest, item: Item, number: int) -> Version:
    return get_object_or_404(selectors.visible_versions(request.user).filter(item=item), number=number)


def _run_to_save(request: HttpRequest) -> Run | None:
    wanted = request.GET.get("run")
    if not wanted:
        return None
    run = get_object_or_404(visible_runs(request.user), id=parse_run_id(wanted))
    require_writer(request.user, run.experiment.team_id)
    return run


def _saved(kind: Kind, run: Run) -> dict | list:
    if kind not in FROM_RUN:
        raise PermissionDenied("Only a run's base model and its rewards can be saved to the catalogue.")
    return run.config.get(kind, {})


def _list_of(kind: str) -> str:
    return f"{reverse('catalogue')}?kind={kind}"
