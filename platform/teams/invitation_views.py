"""Invitations: made and revoked on the team's page, used at /join/.

The secret of a link stands behind its `#`, which browsers do not send: so it gets into no log, and whoever previews
the link uses nothing up. The page sends it in the body, and the session then remembers which invitation it was.
"""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from teams import invitations, members
from teams.accounts import INVITATION_KEY, invitation_in
from teams.forms import InvitationCodeForm, InvitationForm
from teams.models import Role
from teams.views import team_context, visible_team


@never_cache
@require_POST
def invitation_new(request: HttpRequest, team_id: int) -> HttpResponse:
    """The team's page with the link, which is shown this once."""
    team = visible_team(request, team_id)
    members.require_owner(request.user, team)
    form = InvitationForm(request.POST)
    if not form.is_valid():
        context = {**team_context(request, team), "invitation_form": form}
        return render(request, "teams/team.html", context, status=422)
    wanted = form.cleaned_data
    made = invitations.invite(request.user, team, Role(wanted["role"]), wanted["num_days"], wanted["max_uses"])
    link = f"{request.build_absolute_uri(reverse('join'))}#{made.text}"
    return render(request, "teams/team.html", {**team_context(request, team), "link": link})


@require_POST
def invitation_revoke(request: HttpRequest, team_id: int, invitation_id: int) -> HttpResponse:
    team = visible_team(request, team_id)
    members.require_owner(request.user, team)
    open_ones = invitations.invitations_for_owner(request.user, team)
    invitations.revoke_invitation(request.user, get_object_or_404(open_ones, id=invitation_id))
    messages.info(request, "The link opens nothing any more.")
    return redirect("team", team_id)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest) -> HttpResponse:
    """Takes the code of a link, which a script of the page fills in."""
    form = InvitationCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        invitation = invitations.find_by_text(form.cleaned_data["code"])
        if invitation:
            request.session[INVITATION_KEY] = invitation.id
            return redirect("join_confirm")
        form.add_error("code", invitations.CLOSED)
    return render(request, "teams/join.html", {"form": form}, status=422 if form.errors else 200)


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def join_confirm(request: HttpRequest) -> HttpResponse:
    """What the invitation is to, and the ways in: join, sign in, or make an account."""
    invitation = invitation_in(request)
    if invitation is None:
        return redirect("join")
    if request.method == "GET" or not request.user.is_authenticated:
        return render(request, "teams/join_confirm.html", {"invitation": invitation})
    try:
        membership = invitations.join(request.user, invitation)
    except ValidationError as error:
        return render(request, "teams/join_confirm.html", {"problem": error.message}, status=422)
    del request.session[INVITATION_KEY]
    messages.info(request, f"You are {membership.role} in {membership.team}.")
    return redirect("team", membership.team_id)
