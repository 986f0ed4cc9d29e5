"""A token lets one machine in, once."""

import json
from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.db.models.functions import Now
from django.urls import reverse

from core import node_settings
from fleet import joining
from fleet.joining import NotAdmitted, admit
from fleet.models import JoinToken
from teams.models import AuditEntry

ENVIRONMENT = {"DATABASE_URL": "postgresql://flowdppo:secret@db.example.org/flowdppo", "REDIS_URL": "redis://r"}


@pytest.fixture(autouse=True)
def addresses(settings):
    settings.NODE_ENVIRONMENT = ENVIRONMENT


@pytest.fixture
def text(operator) -> str:
    return joining.make_token(operator).text


def test_a_machine_gets_what_it_needs_once(text, client):
    answer = client.post(reverse("node_join"), {"token": text, "host": "gpu-9"})
    welcome = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert welcome["environment"] == ENVIRONMENT
    assert default_storage.open(welcome["mark"]).read().decode() == welcome["mark_text"]
    assert JoinToken.objects.get().used_by == "gpu-9"
    assert AuditEntry.objects.filter(verb="admitted", object="a node at gpu-9").exists()
    again = client.post(reverse("node_join"), {"token": text, "host": "gpu-9"})
    assert again.status_code == 403 and "used up" in again.json()["detail"]


def test_the_text_is_kept_nowhere(text, client):
    client.post(reverse("node_join"), {"token": text})
    rows = json.dumps([list(JoinToken.objects.values()), list(AuditEntry.objects.values())], default=str)
    assert text not in rows and "secret" not in rows


@pytest.mark.parametrize(
    "change", [{"expires_at": Now() - timedelta(seconds=1)}, {"revoked_at": Now()}, {"digest": "x"}]
)
def test_a_token_that_is_not_open_lets_nobody_in(text, change):
    JoinToken.objects.update(**change)
    with pytest.raises(NotAdmitted, match="ask an operator"):
        admit(text, "gpu-9")


def test_nor_does_one_of_somebody_who_is_no_operator_any_more(text, operator):
    operator.is_staff = False
    operator.save()
    with pytest.raises(NotAdmitted):
        admit(text, "gpu-9")


def test_a_site_that_does_not_know_its_addresses_keeps_the_token_good(text, settings):
    settings.NODE_ENVIRONMENT = {}
    with pytest.raises(NotAdmitted, match="NODE_DATABASE_URL and NODE_REDIS_URL"):
        admit(text, "gpu-9")
    settings.NODE_ENVIRONMENT = ENVIRONMENT
    assert admit(text, "\x00\n" + "x" * 500).environment == ENVIRONMENT
    assert JoinToken.objects.get().used_by == "x" * joining.LONGEST_HOST


def test_what_is_told_to_nodes(monkeypatch):
    import environ

    for name in (*node_settings.ADDRESSES, *node_settings.PASSED_ON):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(f"NODE_{name}", raising=False)
    for name, value in {
        "DATABASE_URL": "postgresql://here",
        "NODE_REDIS_URL": "redis://there",
        "FILES_URL": "s3://bucket",
        "AWS_ENDPOINT_URL_S3": "http://minio:9000",
        "NODE_AWS_ENDPOINT_URL_S3": "https://files.example.org",
    }.items():
        monkeypatch.setenv(name, value)
    assert node_settings.for_nodes(environ.Env()) == {
        "REDIS_URL": "redis://there",
        "FILES_URL": "s3://bucket",
        "AWS_ENDPOINT_URL_S3": "https://files.example.org",
    }
