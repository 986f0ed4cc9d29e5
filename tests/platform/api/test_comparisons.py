"""Saved comparisons over the API."""

import json

import pytest

from comparing.models import Comparison
from tests.platform.lab import add_run, add_sample

pytestmark = pytest.mark.django_db


def ask(client, method: str, path: str, body: dict | None = None):
    return client.generic(method, f"/api/v1/comparisons{path}", json.dumps(body), content_type="application/json")


def test_one_is_saved_changed_listed_and_deleted(lab, as_program):
    run = add_run(lab.experiment)
    sample = add_sample(run, 8)
    client = as_program(lab.member)
    query = f"?policies={run.id}@0,{run.id}@8&items=s{sample.id}&zoom=2.5"
    made = ask(client, "POST", "", {"name": "Eight", "query": query})
    assert made.status_code == 201
    said = made.json()
    assert (said["policies"], said["items"]) == ([f"{run.id}@0", f"{run.id}@8"], [f"s{sample.id}"])
    assert (said["query"], said["page"], said["team"]) == (query[1:], f"/comparisons/{said['id']}/", "lab")

    changed = ask(client, "PATCH", f"/{said['id']}", {"notes": "Sharper.", "query": f"policies={run.id}@8"})
    assert (changed.json()["name"], changed.json()["notes"], changed.json()["items"]) == ("Eight", "Sharper.", [])
    assert client.get("/api/v1/comparisons").json() == {"items": [changed.json()], "next": None}
    assert ask(client, "DELETE", f"/{said['id']}").status_code == 204
    assert not Comparison.objects.exists()


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"name": "x", "query": "zoom=many"}, "query", "zoom = many: give a number from 1 to 64."),
        ({"name": "x", "query": ""}, "query", "Nothing is compared yet"),
        ({"name": "x" * 121, "query": ""}, "name", "at most 120"),
        ({"name": "x", "query": "", "team": "lab"}, "team", "not permitted"),
    ],
)
def test_what_does_not_fit_is_told_by_its_field(body, field, message, lab, as_program):
    refused = ask(as_program(lab.member), "POST", "", body)
    assert refused.status_code == 422
    problem = refused.json()["problems"][0]
    assert problem["field"] == field and message in problem["message"]
