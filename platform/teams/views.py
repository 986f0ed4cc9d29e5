"""The pages of teams: who is in them, and what was done."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from teams import audit, members, services
from teams.forms import InvitationForm, RoleForm, TeamForm
from teams.invitations import invitations_for_owner
from teams.models import Membership, Role, Team
from teams.selectors import is_owner, may_write, teams_of, teams_overview, visible_memberships


@require_GET
def team_list(request: HttpRequest) -> HttpResponse:
    return render(request, "teams/team_list.html", {"teams": teams_overview(request.user)})


@require_http_methods(["GET", "POST"])
def team_new(request: HttpRequest) -> HttpResponse:
    """Anybody may make a team, and owns it."""
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        return redirect("team", services.create_team(form.cleaned_data["name"], request.user).id)
    return render(request, "teams/team_new.html", {"form": form}, status=422 if form.errors else 200)


@require_GET
def team_page(request: HttpRequest, team_id: int) -> HttpResponse:
    return render(request, "teams/team.html", team_context(request, visible_team(request, team_id)))


@require_GET
def team_log(request: HttpRequest, team_id: int) -> HttpResponse:
    """Who did what, newest first, for owners; `?before=` is the last entry of the page before."""
    team = visible_team(request, team_id)
    members.require_owner(request.user, team)
    before = request.GET.get("before", "")
    rows = list(audit.entries_before(team, int(before) if before.isdecimal() else None)[: audit.PAGE_SIZE + 1])
    entries = rows[: audit.PAGE_SIZE]
    older = entries[-1].id if len(rows) > audit.PAGE_SIZE else None
    return render(request, "teams/log.html", {"team": team, "entries": entries, "older": older, "before": before})


@require_POST
def member_role(request: HttpRequest, team_id: int, membership_id: int) -> HttpResponse:
    membership = _visible_membership(request, team_id, membership_id)
    form = RoleForm(request.POST)
    members.require_owner(request.user, membership.team)
    if not form.is_valid():
        return _refused(request, membership.team, "There is no such role: choose owner, member or viewer.")
    try:
        members.change_role(request.user, membership, Role(form.cleaned_data["role"]))
    except ValidationError as error:
        return _refused(request, membership.team, error.message)
    return redirect("team", team_id)


@require_POST
def member_remove(request: HttpRequest, team_id: int, membership_id: int) -> HttpResponse:
    membership = _visible_membership(request, team_id, membership_id)
    try:
        members.remove_member(request.user, membership)
    except ValidationError as error:
        return _refused(request, membership.team, error.message)
    messages.info(request, f"{membership.user.email} is no longer in {membership.team}.")
    return redirect("teams") if membership.user == request.user else redirect("team", team_id)


@require_POST
def team_leave(request: HttpRequest, team_id: int) -> HttpResponse:
    team = visible_team(request, team_id)
    try:
        members.leave_team(request.user, team)
    except ValidationError as error:
        return _refused(request, team, error.message)
    messages.info(request, f"You have left {team}.")
    return redirect("teams")


def visible_team(request: HttpRequest, team_id: int) -> Team:
    return get_object_or_404(teams_of(request.user), id=team_id)


def team_context(request: HttpRequest, team: Team) -> dict:
    return {
        "team": team,
        "memberships": visible_memberships(request.user).filter(team=team),
        "is_owner": is_owner(request.user, team.id),
        "may_write": may_write(request.user, team.id),
        "invitations": invitations_for_owner(request.user, team),
        "invitation_form": InvitationForm(),
        "roles": Role.choices,
    }


def _visible_membership(request: HttpRequest, team_id: int, membership_id: int) -> Membership:
    return get_object_or_404(visible_memberships(request.user), id=membership_id, team_id=team_id)


def _refused(request: HttpRequest, team: Team, problem: str) -> HttpResponse:
    return render(request, "teams/team.html", {**team_context(request, team), "problem": problem}, status=422)
