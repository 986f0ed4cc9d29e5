"""Who asks: by an API token, or from a browser by the session of the site."""

from http import HTTPStatus

from django.http import HttpRequest
from ninja.security import HttpBearer
from ninja.security.session import SessionAuth
from ninja.utils import check_csrf

from api.problems import Refused
from teams import api_tokens
from teams.models import Scope, User

LOOKING = ("GET", "HEAD", "OPTIONS")


class ApiToken(HttpBearer):
    """`Authorization: Bearer fdp_…`. What changes something needs a token of scope write."""

    def authenticate(self, request: HttpRequest, token: str) -> User:
        caller = api_tokens.authenticate(token)
        if caller is None:
            raise Refused(
                HTTPStatus.UNAUTHORIZED,
                "The token is unknown, expired or revoked: make a new one under your account, API tokens.",
            )
        if request.method not in LOOKING and Scope.WRITE not in caller.scopes:
            raise Refused(
                HTTPStatus.FORBIDDEN, "The token may only read: make one with scope write under your account."
            )
        # Services and selectors know people, not tokens.
        request.user = caller.user
        return caller.user


class Session(SessionAuth):
    """The browser's session; what changes something needs the CSRF token too."""

    def __call__(self, request: HttpRequest) -> User | None:
        if not request.user.is_authenticated:
            raise Refused(HTTPStatus.UNAUTHORIZED, "Sign in first: send a token as `Authorization: Bearer fdp_…`.")
        if check_csrf(request):
            raise Refused(
                HTTPStatus.FORBIDDEN, "The CSRF token is missing or wrong: send the cookie's as X-CSRFToken."
            )
        return request.user
