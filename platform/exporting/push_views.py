"""A checkpoint is pushed to the Hub, and people see how that goes."""

import uuid
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_POST

from exporting import services
from exporting.facts import read_facts
from exporting.forms import LicenceForm, PushForm
from exporting.selectors import visible_pushes
from exporting.views import card_page, find_checkpoint, pushes_context
from runs.continuing import NotPossible
from runs.downloads import checkpoint_gone
from runs.services import require_writer

LICENCE = ("licence", "licence_name", "licence_link")


@sensitive_post_parameters("token")
@require_POST
def checkpoint_push(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """Under the licence that the page showed the card with."""
    checkpoint = find_checkpoint(request, checkpoint_id)
    require_writer(request.user, checkpoint.run.experiment.team_id)
    if checkpoint.removed:
        return checkpoint_gone(request, checkpoint)
    facts = read_facts(request.user, checkpoint)
    form, push_form = LicenceForm(request.POST, facts.source), PushForm(request.POST)
    if form.is_valid() and push_form.is_valid():
        try:
            services.push(request.user, checkpoint, push_form.wish(form.chosen))
        except NotPossible as refusal:
            push_form.add_error(None, str(refusal))
        else:
            chosen = {name: request.POST[name] for name in LICENCE if request.POST.get(name)}
            return redirect(f"{reverse('checkpoint_export', args=[checkpoint.id])}?{urlencode(chosen)}#hub")
    return card_page(request, facts, form, push_form=push_form, status=422)


@require_POST
def push_call_back(request: HttpRequest, push_id: uuid.UUID) -> HttpResponse:
    push = get_object_or_404(visible_pushes(request.user), id=push_id)
    try:
        services.call_back(request.user, push)
    except NotPossible as refusal:
        messages.error(request, str(refusal))
    return redirect(f"{reverse('checkpoint_export', args=[push.checkpoint_id])}#hub")


@require_GET
def checkpoint_pushes(request: HttpRequest, checkpoint_id: int) -> HttpResponse:
    """The part of the page that moves while one is under way."""
    checkpoint = find_checkpoint(request, checkpoint_id)
    return render(request, "exporting/_pushes.html", pushes_context(request, checkpoint))
