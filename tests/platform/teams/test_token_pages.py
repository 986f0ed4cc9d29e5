"""The page of API tokens: made, shown once, revoked."""

import re

from django.urls import reverse

from teams.api_tokens import authenticate
from teams.models import ApiToken, AuditEntry, Scope

ASKED = {"name": "laptop", "scope": "write", "num_days": "30"}


def test_a_token_is_shown_once_and_works(lab, member):
    page = member.post(reverse("api_tokens"), ASKED)
    text = re.search(r'value="(fdp_[\w-]+)"', page.text)[1]
    assert "no-store" in page["Cache-Control"]
    assert authenticate(text).scopes == {Scope.READ, Scope.WRITE}
    again = member.get(reverse("api_tokens")).text
    assert text not in again and "laptop" in again
    entry = AuditEntry.objects.get(team=lab.team, user=lab.member)
    assert (entry.object, entry.detail) == ("API token “laptop”", "write, for 30 days")
    assert text not in f"{entry}{entry.detail}"


def test_a_revoked_token_is_gone(lab, member):
    text = re.search(r'value="(fdp_[\w-]+)"', member.post(reverse("api_tokens"), ASKED).text)[1]
    member.post(reverse("api_token_revoke", args=[ApiToken.objects.get().id]))
    assert authenticate(text) is None
    page = member.get(reverse("api_tokens")).text
    assert "opens nothing any more" in page and "Revoke laptop" not in page


def test_nobody_revokes_the_token_of_another(lab, member, as_person):
    member.post(reverse("api_tokens"), ASKED)
    address = reverse("api_token_revoke", args=[ApiToken.objects.get().id])
    assert as_person(lab.owner).post(address).status_code == 404
    assert ApiToken.objects.get().revoked_at is None


def test_a_token_without_a_name_is_refused(lab, member):
    page = member.post(reverse("api_tokens"), ASKED | {"name": ""})
    assert page.status_code == 422 and "say where the token is going to be used" in page.text
    assert member.post(reverse("api_tokens"), ASKED | {"num_days": "9999"}).status_code == 422
    assert not ApiToken.objects.exists()
