"""Who may open an account, and how accounts are named."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.http import HttpRequest

from teams.invitations import find_open
from teams.models import Invitation, User

INVITATION_KEY = "teams.invitation"
"""Where the session remembers the invitation that brought a visitor."""


def invitation_in(request: HttpRequest) -> Invitation | None:
    """The invitation that brought this visitor, while it is open."""
    return find_open(request.session.get(INVITATION_KEY))


class SignUpByInvitation(DefaultAccountAdapter):
    """Accounts are made by the operator, or by a visitor whom a team has invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return invitation_in(request) is not None

    def populate_username(self, request: HttpRequest, user: User) -> None:
        """The address, as in accounts that the operator makes: `manage.py changepassword` asks for it."""
        user.email = user.email.lower()
        user.username = user.email
        if len(user.username) > User._meta.get_field("username").max_length:
            user.username = self.generate_unique_username([user.email])


class SignUpByProvider(DefaultSocialAccountAdapter):
    """The provider's people get an account when they are invited, or where the operator lets all of them in."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return settings.OIDC_SIGN_UP or invitation_in(request) is not None
