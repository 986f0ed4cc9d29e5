"""Who may open an account."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest

from teams.invitations import find_open
from teams.models import Invitation

INVITATION_KEY = "teams.invitation"
"""Where the session remembers the invitation that brought a visitor."""


def invitation_in(request: HttpRequest) -> Invitation | None:
    """The invitation that brought this visitor, while it is open."""
    return find_open(request.session.get(INVITATION_KEY))


class SignUpByInvitation(DefaultAccountAdapter):
    """Accounts are made by the operator, or by a visitor whom a team has invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return invitation_in(request) is not None
