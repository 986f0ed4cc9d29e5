"""A checkpoint's way out: its model card as it would be, and the zip."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from exporting.bundle import files_of, name_of
from exporting.card import write_card
from exporting.facts import read_facts
from exporting.forms import LicenceForm, first_choice
from pictures.policies import PolicyRef
from runs.downloads import checkpoint_gone
from runs.models import Checkpoint
from runs.selectors import visible_checkpoints
from runs.zip_stream import FolderZip


@require_GET
def checkpoint_export(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """The model card under `?licence=`, and what to do with it."""
    checkpoint = _find(request, checkpoint_id)
    if checkpoint.removed:
        return checkpoint_gone(request, checkpoint)
    facts = read_facts(request.user, checkpoint)
    form = LicenceForm(request.GET if "licence" in request.GET else first_choice(facts.source), facts.source)
    chosen = form.chosen if form.is_valid() else None
    card = write_card(facts, chosen) if chosen else ""
    return _page(request, checkpoint, form=form, asked="licence" in request.GET, card=card)


@require_GET
def checkpoint_model_zip(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """README.md, LoRA, configuration and pictures, under the licence `?licence=`."""
    checkpoint = _find(request, checkpoint_id)
    facts = read_facts(request.user, checkpoint)
    form = LicenceForm(request.GET, facts.source)
    if not form.is_valid():
        return _page(request, checkpoint, status=422, form=form, asked=True)
    try:
        content = FolderZip(name_of(checkpoint), files_of(facts, form.chosen), at_once=True)
    except FileNotFoundError:
        return checkpoint_gone(request, checkpoint)
    headers = {"Content-Disposition": f'attachment; filename="{name_of(checkpoint)}.zip"'}
    return StreamingHttpResponse(aiter(content), content_type="application/zip", headers=headers)


def _page(request: HttpRequest, checkpoint: Checkpoint, status: int = 200, **context) -> HttpResponse:
    context |= {
        "run": checkpoint.run,
        "checkpoint": checkpoint,
        "policy": PolicyRef(checkpoint.run_id, checkpoint.iteration),
    }
    return render(request, "exporting/export.html", context, status=status)


def _find(request: HttpRequest, checkpoint_id: int) -> Checkpoint:
    return get_object_or_404(visible_checkpoints(request.user), id=checkpoint_id)
