"""The page of nodes, what operators do there, and where a machine joins."""

from dataclasses import asdict

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from fleet import joining, selectors, services
from fleet.forms import QuotaForm
from fleet.joining import NotAdmitted
from teams.models import Team


@require_GET
def nodes_page(request: HttpRequest) -> HttpResponse:
    return render(request, "fleet/nodes.html", _context(request))


@require_GET
def nodes_live(request: HttpRequest) -> HttpResponse:
    """The nodes alone, for the page to refresh."""
    return render(request, "fleet/_nodes.html", {"nodes": selectors.nodes_overview(request.user)})


@require_POST
def node_drain(request: HttpRequest, node_id: int) -> HttpResponse:
    services.drain(request.user, _visible_node(request, node_id))
    return redirect("nodes")


@require_POST
def node_undrain(request: HttpRequest, node_id: int) -> HttpResponse:
    services.undrain(request.user, _visible_node(request, node_id))
    return redirect("nodes")


@require_POST
def node_forget(request: HttpRequest, node_id: int) -> HttpResponse:
    try:
        services.forget(request.user, _visible_node(request, node_id))
    except ValidationError as error:
        return _refused(request, error.message)
    return redirect("nodes")


@require_POST
def quota_set(request: HttpRequest, team_id: int) -> HttpResponse:
    """An empty number takes the quota away."""
    services.require_operator(request.user)
    team = get_object_or_404(Team, id=team_id)
    form = QuotaForm(request.POST)
    if not form.is_valid():
        return _refused(request, f"Quota of {team}: {form.errors['max_gpus'][0]}")
    services.set_quota(request.user, team, form.cleaned_data["max_gpus"])
    return redirect("nodes")


@require_POST
def join_token_new(request: HttpRequest) -> HttpResponse:
    """The answer to this form alone shows the token's text."""
    made = joining.make_token(request.user)
    return render(request, "fleet/nodes.html", _context(request) | {"made": made})


@require_POST
def join_token_revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    services.require_operator(request.user)
    joining.revoke_token(request.user, get_object_or_404(joining.open_tokens(), id=token_id))
    return redirect("nodes")


@csrf_exempt
@login_not_required
@require_POST
def node_join(request: HttpRequest) -> HttpResponse:
    """Asked by `python -m worker join`, which has no session: its token is what lets it in."""
    try:
        welcome = joining.admit(request.POST.get("token", ""), request.POST.get("host", ""))
    except NotAdmitted as error:
        return JsonResponse({"detail": str(error)}, status=403)
    return JsonResponse(asdict(welcome), headers={"Cache-Control": "no-store"})


def _visible_node(request: HttpRequest, node_id: int):
    return get_object_or_404(selectors.visible_nodes(request.user), id=node_id)


def _context(request: HttpRequest) -> dict:
    is_operator = request.user.is_staff
    return {
        "nodes": selectors.nodes_overview(request.user),
        "uses": selectors.use_of_teams(request.user),
        "is_operator": is_operator,
        "missing_addresses": joining.missing_addresses() if is_operator else [],
        "tokens": joining.open_tokens() if is_operator else [],
        "site": request.build_absolute_uri("/"),
    }


def _refused(request: HttpRequest, problem: str) -> HttpResponse:
    return render(request, "fleet/nodes.html", _context(request) | {"problem": problem}, status=422)
