"""Sign-in by OpenID Connect, against a provider on loopback."""

from urllib.parse import parse_qs, urlsplit

import environ
import pytest
from django.test import Client
from django.urls import reverse

from core import sign_in as settings_of
from teams.invitations import invite
from teams.models import Role, User
from tests.platform.lab import PASSWORD
from tests.platform.teams.identity_provider import CLIENT_ID, IdentityProvider

KNOWN = {"sub": "1", "email": "member@example.org", "email_verified": True}
NEWCOMER = {"sub": "2", "email": "New@example.org", "email_verified": True}


@pytest.fixture
def provider(settings):
    with IdentityProvider() as provider:
        env = environ.Env()
        env.ENVIRON = {
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": CLIENT_ID,
            "OIDC_CLIENT_SECRET": "secret",
            "OIDC_NAME": "Our directory",
        }
        settings.SOCIALACCOUNT_PROVIDERS = settings_of.openid_connect(env)
        yield provider


def sign_in(client: Client, provider: IdentityProvider, person: dict):
    """From the button, to the provider, and back with its code."""
    provider.person = person
    away = client.get(reverse("openid_connect_login", args=["oidc"]))["Location"]
    asked = parse_qs(urlsplit(away).query)
    assert away.startswith(f"{provider.issuer}/authorize?") and asked["code_challenge_method"] == ["S256"]
    back = {"code": "a-code", "state": asked["state"][0]}
    return client.get(urlsplit(asked["redirect_uri"][0]).path, back)


def test_the_sign_in_page_offers_the_provider_where_there_is_one(client, db, provider, settings):
    assert "Sign in by Our directory" in client.get(reverse("account_login")).text
    settings.SOCIALACCOUNT_PROVIDERS = {}
    assert "Sign in by" not in client.get(reverse("account_login")).text


def test_who_has_an_account_signs_in_with_it(lab, client, provider):
    assert sign_in(client, provider, KNOWN)["Location"] == "/"
    assert "member@example.org" in client.get("/").text
    assert provider.token_requests[0]["code_verifier"]
    assert User.objects.filter(email="member@example.org").count() == 1


def test_a_password_that_somebody_else_may_have_set_no_longer_works(lab, client, provider):
    """An account may have been made with an address that was not its maker's: the provider knows whose it is."""
    sign_in(client, provider, KNOWN)
    answer = Client().post(reverse("account_login"), {"login": "member@example.org", "password": PASSWORD})
    assert answer.status_code == 200
    assert client.get(reverse("account_change_password"))["Location"] == reverse("account_set_password")


def test_an_address_that_the_provider_has_not_checked_opens_nothing(lab, client, provider):
    sign_in(client, provider, {**KNOWN, "email_verified": False})
    assert client.get("/").status_code == 302


def test_a_newcomer_needs_an_invitation(lab, client, provider):
    assert "by invitation" in sign_in(client, provider, NEWCOMER).text
    client.post(reverse("join"), {"code": invite(lab.owner, lab.team, Role.VIEWER, 1, 1).text})
    assert sign_in(client, provider, NEWCOMER).status_code == 302
    assert User.objects.get(email="new@example.org").username == "new@example.org"
    client.post(reverse("join_confirm"))
    assert lab.team.members.filter(email="new@example.org").exists()


def test_the_operator_may_let_all_of_the_providers_people_in(lab, client, provider, settings):
    settings.OIDC_SIGN_UP = True
    sign_in(client, provider, NEWCOMER)
    assert "You are in no team yet" in client.get("/").text


def test_an_answer_that_nobody_asked_for_is_refused(client, db, provider):
    answer = client.get(reverse("openid_connect_callback", args=["oidc"]), {"code": "a-code", "state": "made-up"})
    assert "did not let you in" in answer.text and provider.token_requests == []


def test_connecting_and_disconnecting(lab, client, provider):
    sign_in(client, provider, KNOWN)
    page = client.get(reverse("socialaccount_connections"))
    assert "Disconnect" in page.text
    account = lab.member.socialaccount_set.get()
    refused = client.post(reverse("socialaccount_connections"), {"account": account.id})
    assert refused.status_code == 200 and lab.member.socialaccount_set.exists()
    new = {"password1": "another quite long one", "password2": "another quite long one"}
    client.post(reverse("account_set_password"), new)
    client.post(reverse("socialaccount_connections"), {"account": account.id})
    assert not lab.member.socialaccount_set.exists()
