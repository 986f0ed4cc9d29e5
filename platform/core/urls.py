"""All addresses of the site, but the panel's own under /panel/."""

from allauth.account import views as account
from django.urls import include, path

from api import v1
from core import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("accounts/login/", account.login, name="account_login"),
    path("accounts/signup/", account.signup, name="account_signup"),
    path("accounts/logout/", account.logout, name="account_logout"),
    path("accounts/password/change/", account.password_change, name="account_change_password"),
    path("", include("teams.urls")),
    path("", include("runs.urls")),
    path("", include("runs.panel_urls")),
    path("api/v1/", v1.addresses()),
]
