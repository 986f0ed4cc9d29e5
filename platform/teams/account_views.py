"""Where signing in differs from allauth's."""

from allauth.account import views as account
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_not_required
def password_reset(request: HttpRequest) -> HttpResponse:
    """By mail where the site can send one; otherwise the page says whom to ask."""
    if settings.HAS_MAIL:
        return account.password_reset(request)
    return render(request, "account/password_reset_without_mail.html", {"contact": settings.OPERATOR_CONTACT})
