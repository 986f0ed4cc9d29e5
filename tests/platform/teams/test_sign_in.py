"""Second factor, lost passwords, and what the environment may set."""

import re
import time

import environ
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from core import sign_in as settings_of
from teams.models import AuditEntry
from tests.platform.lab import PASSWORD

NEW_PASSWORD = "another quite long one"


def sign_in(client: Client, email: str, password: str = PASSWORD):
    return client.post(reverse("account_login"), {"login": email, "password": password})


def confirm(client: Client) -> None:
    """Pages about the account ask for the password again."""
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})


def code_of(secret: str, ahead: int = 0) -> str:
    """What the person's app shows now, or next."""
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


@pytest.fixture(autouse=True)
def nobody_has_tried_before():
    """Attempts are counted, over all tests otherwise."""
    cache.clear()


@pytest.fixture
def turned_on(lab, client) -> tuple[str, list[str]]:
    """The secret and the recovery codes of the member, who has just turned the second factor on."""
    sign_in(client, "member@example.org")
    confirm(client)
    page = client.get(reverse("mfa_activate_totp")).text
    secret = re.search(r'class="key">(\w+)<', page)[1]
    answer = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, follow=True)
    codes = re.findall(r"^(?:.*<pre.*>)?(\d{8})$", answer.text, re.MULTILINE)
    client.post(reverse("account_logout"))
    return secret, codes


def test_a_recovery_code_lets_in_once(turned_on, client):
    _, codes = turned_on
    assert len(codes) == 10
    for expected in (302, 200):
        answer = sign_in(client, "member@example.org")
        assert answer["Location"] == reverse("mfa_authenticate")
        assert client.get("/").status_code == 302
        answer = client.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert answer.status_code == expected
        client.post(reverse("account_logout"))


def test_the_app_lets_in_and_a_wrong_code_does_not(turned_on, client):
    secret, _ = turned_on
    sign_in(client, "member@example.org")
    assert "Incorrect code" in client.post(reverse("mfa_authenticate"), {"code": "000000x"}).text
    # The code that turned it on counts once.
    code = {"code": code_of(secret, ahead=1)}
    assert client.post(reverse("mfa_authenticate"), code).status_code == 302
    assert "member@example.org" in client.get("/").text


def test_secrets_are_not_in_the_tables_and_codes_are_shown_once(turned_on, client):
    secret, codes = turned_on
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored and not any(code in stored for code in codes)
    sign_in(client, "member@example.org")
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    confirm(client)
    answer = client.get(reverse("mfa_view_recovery_codes"))
    page = answer.text
    assert "9 are left" in page and "no-store" in answer["Cache-Control"]
    assert not any(code in page for code in codes)


def test_an_old_signing_key_still_reads_secrets(turned_on, settings):
    secret, _ = turned_on
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a new one"
    assert Authenticator.objects.get(type="totp").wrap().validate_code(code_of(secret, ahead=1))


def test_it_can_be_turned_off_and_new_codes_be_made(turned_on, client):
    _, codes = turned_on
    sign_in(client, "member@example.org")
    client.post(reverse("mfa_authenticate"), {"code": codes[0]})
    assert "9 recovery codes are left" in client.get(reverse("mfa_index")).text
    confirm(client)
    assert client.get(reverse("mfa_generate_recovery_codes")).status_code == 200
    again = client.post(reverse("mfa_generate_recovery_codes"), follow=True).text
    assert len(re.findall(r"\d{8}", again)) >= 10 and codes[1] not in again
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert "Turn on" in client.get(reverse("mfa_index")).text


def test_the_operator_removes_a_lost_second_factor(turned_on, lab, client):
    call_command("remove_second_factor", "Member@example.org")
    assert sign_in(client, "member@example.org")["Location"] == "/"
    assert AuditEntry.objects.filter(team=lab.team).first().detail == "removed by the operator"
    with pytest.raises(CommandError, match="has no second factor"):
        call_command("remove_second_factor", "member@example.org")
    with pytest.raises(CommandError, match="look at the address again"):
        call_command("remove_second_factor", "nobody@example.org")


def test_what_concerns_the_account_asks_for_the_password_again(lab, as_person):
    member = as_person(lab.member)
    asked = member.get(reverse("mfa_activate_totp"))
    assert asked["Location"].startswith(reverse("account_reauthenticate"))
    assert "give your password again" in member.get(asked["Location"]).text
    answer = member.post(asked["Location"], {"password": PASSWORD, "next": reverse("mfa_activate_totp")})
    assert answer["Location"] == reverse("mfa_activate_totp")
    assert member.get(reverse("mfa_activate_totp")).status_code == 200


def test_without_mail_the_page_says_whom_to_ask(lab, client, settings):
    settings.OPERATOR_CONTACT = "grace@example.org"
    answer = client.post(reverse("account_reset_password"), {"email": "member@example.org"})
    assert "sends no mail" in answer.text and "grace@example.org" in answer.text
    assert mail.outbox == []


def test_with_mail_a_link_sets_a_new_password_once(lab, client, settings):
    settings.HAS_MAIL = True
    asked = client.post(reverse("account_reset_password"), {"email": "member@example.org"}, follow=True)
    assert "on its way" in asked.text
    (message,) = mail.outbox
    assert message.to == ["member@example.org"]
    link = re.search(r"http://testserver(/\S+)", message.body)[1]
    page = client.get(link, follow=True)
    new = {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    answer = client.post(page.redirect_chain[-1][0], new, follow=True)
    assert "Password changed" in answer.text
    assert "This link is closed" in Client().get(link, follow=True).text
    assert sign_in(Client(), "member@example.org").status_code == 200
    assert sign_in(Client(), "member@example.org", NEW_PASSWORD).status_code == 302


def test_an_unknown_address_gets_no_mail_and_the_same_answer(lab, client, settings):
    settings.HAS_MAIL = True
    asked = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"}, follow=True)
    assert "on its way" in asked.text and mail.outbox == []


def env(**values) -> environ.Env:
    made = environ.Env()
    made.ENVIRON = values
    return made


def test_no_provider_and_no_mail_unless_the_environment_names_them():
    assert settings_of.openid_connect(env()) == {}
    assert settings_of.mail(env())["EMAIL_BACKEND"].endswith("dummy.EmailBackend")
    found = settings_of.mail(env(EMAIL_URL="smtp+tls://user:secret@mail.example.org:587"))
    assert (found["EMAIL_HOST"], found["EMAIL_PORT"], found["EMAIL_USE_TLS"]) == ("mail.example.org", 587, True)


def test_half_a_provider_is_refused_by_name():
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_ID and OIDC_CLIENT_SECRET"):
        settings_of.openid_connect(env(OIDC_ISSUER="https://id.example.org"))
