"""Who may open an account."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignUp(DefaultAccountAdapter):
    """Accounts are made by the operator, never by a visitor."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
