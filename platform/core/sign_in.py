"""What the environment says about signing in: an OpenID Connect provider, and mail for lost passwords."""

import environ
from django.core.exceptions import ImproperlyConfigured

PROVIDER_ID = "oidc"
"""Part of the address that a provider is told to send people back to: /accounts/oidc/oidc/login/callback/."""


def openid_connect(env: environ.Env) -> dict:
    """SOCIALACCOUNT_PROVIDERS: the team's provider, or none. Raises ImproperlyConfigured for half of one."""
    given = {name: env.str(name, default="") for name in ("OIDC_ISSUER", "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET")}
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(given):
        return {}
    if missing:
        raise ImproperlyConfigured(f"OpenID Connect needs {' and '.join(missing)} too: set it, or unset all OIDC_….")
    app = {
        "provider_id": PROVIDER_ID,
        "name": env.str("OIDC_NAME", default="OpenID Connect"),
        "client_id": given["OIDC_CLIENT_ID"],
        "secret": given["OIDC_CLIENT_SECRET"],
        "settings": {"server_url": given["OIDC_ISSUER"]},
    }
    return {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}


def mail(env: environ.Env) -> dict:
    """Django's settings of mail; without EMAIL_URL none is sent, and pages say whom to ask instead."""
    if not env.str("EMAIL_URL", default=""):
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    # A server that says nothing holds up neither a page nor the messages of others.
    return {"EMAIL_TIMEOUT": 20, **env.email_url("EMAIL_URL")}
