"""Comments and the inbox over the API."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from comments.models import Comment, Notice
from comments.services import add_comment
from comments.subjects import find_subject
from tests.platform.api.conftest import API
from tests.platform.lab import add_checkpoint, add_run, add_sample
from tests.platform.pictures.easel import add_drawing


@pytest.fixture
def run(lab):
    return add_run(lab.experiment, "mine", created_by=lab.owner)


def say(person, about, text: str = "well") -> Comment:
    return add_comment(person, find_subject(person, str(about)), text)


def patch(client, comment_id: int, body: dict):
    return client.generic("PATCH", f"{API}/comments/{comment_id}", json.dumps(body), content_type="application/json")


def test_one_is_written_listed_changed_and_deleted(lab, run, program, post):
    made = post("/comments", {"about": str(run.id), "text": " @viewer, @viewer@example.org and @stranger: **look** "})
    assert made.status_code == 201
    said, comment = made.json(), Comment.objects.get()
    expected = {
        "about": str(run.id),
        "title": "mine",
        "team": "lab",
        "author": "member@example.org",
        "edited_at": None,
    }
    assert said.items() >= expected.items() and said["page"] == f"/comments/{comment.id}/"
    assert said["mentions"] == ["viewer@example.org"] and said["text"].startswith("@viewer,")
    assert Notice.objects.get(user=lab.viewer).why == "mention"
    assert program.get(f"{API}/comments?about={run.id}").json() == {"items": [said], "next": None}

    changed = patch(program, comment.id, {"text": "look"}).json()
    assert (changed["text"], changed["mentions"]) == ("look", []) and changed["edited_at"]
    assert program.get(f"{API}/comments/{comment.id}").json() == changed
    assert program.delete(f"{API}/comments/{comment.id}").status_code == 204 and not Comment.objects.exists()


def test_a_run_has_what_was_said_of_its_parts_newest_first(lab, run, program):
    add_checkpoint(run, 40)
    names = [str(run.id), f"{run.id}@40", f"{run.id}@0", f"s{add_sample(run, 4).id}", f"d{add_drawing(run).id}"]
    for name in names:
        say(lab.member, name)
    listed = program.get(f"{API}/comments", {"about": str(run.id)}).json()["items"]
    assert [one["about"] for one in listed] == names[::-1]
    assert [one["title"] for one in listed][2:] == ["base model of mine", "mine at 40", "mine"]
    for name in names[1:]:
        assert [one["about"] for one in program.get(f"{API}/comments", {"about": name}).json()["items"]] == [name]
    first = program.get(f"{API}/comments", {"about": str(run.id), "limit": 3}).json()
    rest = program.get(f"{API}/comments", {"about": str(run.id), "limit": 3, "cursor": first["next"]}).json()
    assert first["items"] + rest["items"] == listed and rest["next"] is None


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"about": "x", "text": "well"}, 422, "about: 'x' names nothing to comment on: give a run's id"),
        ({"about": "s999", "text": "well"}, 404, "no such thing in your teams"),
        ({"about": "{run}@41", "text": "well"}, 404, "no such thing in your teams"),
        ({"about": "{run}", "text": " "}, 422, "Empty: write something"),
        ({"about": "{run}", "text": "a" * 10_001}, 422, "a comment has at most 10,000"),
        ({"about": "{run}", "text": "\0"}, 422, "NUL character"),
        ({"about": "{run}"}, 422, "text"),
    ],
)
def test_what_does_not_fit_is_said(body, status, said, run, post):
    refused = post("/comments", {key: text.format(run=run.id) for key, text in body.items()})
    assert refused.status_code == status and said in refused.json()["error"]
    assert not Comment.objects.exists()


def test_sent_twice_it_is_said_once(run, post):
    body = {"about": str(run.id), "text": "well"}
    first, second = (post("/comments", body, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert first.json() == second.json() and Comment.objects.count() == 1


def test_the_inbox_holds_ones_own_until_it_is_read(lab, run, as_program):
    first, second = (say(lab.member, run.id, f"@viewer {number}") for number in range(2))
    viewer, owner = as_program(lab.viewer), as_program(lab.owner)
    told = viewer.get(f"{API}/inbox").json()["items"]
    assert [(one["comment"]["id"], one["why"], one["read_at"]) for one in told] == [
        (second.id, "mention", None),
        (first.id, "mention", None),
    ]
    assert [one["why"] for one in owner.get(f"{API}/inbox").json()["items"]] == ["own_run"] * 2
    assert as_program(lab.stranger).get(f"{API}/inbox").json()["items"] == []

    def read(**body) -> dict:
        sent = viewer.post(
            f"{API}/inbox/read", body, content_type="application/json", headers={"Idempotency-Key": str(body)}
        )
        return sent.json()

    assert read(comments=[first.id, 10**9]) == {"num_unread": 1}
    unread = viewer.get(f"{API}/inbox?only_unread=true").json()["items"]
    assert [one["comment"]["id"] for one in unread] == [second.id]
    assert read() == {"num_unread": 0}
    assert len(viewer.get(f"{API}/inbox").json()["items"]) == 2
    assert Notice.objects.filter(user=lab.owner, read_at=None).count() == 2


@pytest.mark.parametrize("path", ["/comments?about={run}", "/inbox"])
def test_lists_cost_the_same_however_long_they_are(lab, run, as_program, path):
    client, address = as_program(lab.viewer), API + path.format(run=run.id)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(address).json()["items"]
        return len(captured)

    say(lab.member, run.id, "@viewer")
    client.get(address)
    before = queries()
    for iteration in range(1, 6):
        say(lab.owner, f"s{add_sample(run, iteration).id}", "@viewer @member")
    assert queries() == before
