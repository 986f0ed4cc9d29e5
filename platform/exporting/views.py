"""A checkpoint's way out: its model card as it would be, and the zip."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from exporting.bundle import files_of, name_of
from exporting.card import write_card
from exporting.facts import Facts, read_facts
from exporting.forms import LicenceForm, PushForm, first_choice, where_to
from exporting.licences import Licence
from exporting.selectors import pushes_of
from pictures.policies import PolicyRef
from runs.downloads import checkpoint_gone
from runs.models import Checkpoint
from runs.selectors import visible_checkpoints
from runs.zip_stream import FolderZip
from teams.selectors import may_write


@require_GET
def checkpoint_export(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """The model card under `?licence=`, and what to do with it."""
    checkpoint = find_checkpoint(request, checkpoint_id)
    if checkpoint.removed:
        return checkpoint_gone(request, checkpoint)
    facts = read_facts(request.user, checkpoint)
    form = LicenceForm(request.GET if "licence" in request.GET else first_choice(facts.source), facts.source)
    return card_page(request, facts, form, asked="licence" in request.GET)


@require_GET
def checkpoint_model_zip(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """README.md, LoRA, configuration and pictures, under the licence `?licence=`."""
    checkpoint = find_checkpoint(request, checkpoint_id)
    facts = read_facts(request.user, checkpoint)
    form = LicenceForm(request.GET, facts.source)
    if not form.is_valid():
        return card_page(request, facts, form, status=422)
    try:
        return model_zip(facts, form.chosen)
    except FileNotFoundError:
        return checkpoint_gone(request, checkpoint)


def model_zip(facts: Facts, licence: Licence) -> StreamingHttpResponse:
    """Raises FileNotFoundError where the weights are gone."""
    name = name_of(facts.checkpoint)
    content = FolderZip(name, files_of(facts, licence), at_once=True)
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return StreamingHttpResponse(aiter(content), content_type="application/zip", headers=headers)


def card_page(
    request: HttpRequest,
    facts: Facts,
    form: LicenceForm,
    *,
    asked: bool = True,
    push_form: PushForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with the card where a licence is chosen; `asked`: whether a person has chosen by now."""
    checkpoint = facts.checkpoint
    card = write_card(facts, form.chosen) if form.is_valid() else ""
    of_pushes = pushes_context(request, checkpoint)
    context = {
        "run": checkpoint.run,
        "policy": PolicyRef(checkpoint.run_id, checkpoint.iteration),
        "form": form,
        "asked": asked,
        "card": card,
        "push_form": push_form or PushForm(initial=where_to(of_pushes["pushes"])),
        **of_pushes,
    }
    return render(request, "exporting/export.html", context, status=status)


def pushes_context(request: HttpRequest, checkpoint: Checkpoint) -> dict:
    pushes = pushes_of(request.user, checkpoint)
    return {
        "checkpoint": checkpoint,
        "pushes": pushes,
        "is_live": any(push.is_live for push in pushes),
        "may_write": may_write(request.user, checkpoint.run.experiment.team_id),
    }


def find_checkpoint(request: HttpRequest, checkpoint_id: int) -> Checkpoint:
    return get_object_or_404(visible_checkpoints(request.user), id=checkpoint_id)
