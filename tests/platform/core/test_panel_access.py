"""Who learns what from the panel: every event of the Gradio app, for every kind of person.

Its routes are walked in `test_dispatch`.
"""

import pytest
from starlette.testclient import TestClient

from core.asgi import application
from tests.platform.core.web_client import ask_as
from tests.platform.lab import Lab, add_point, add_run, make_lab

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "reward/secret_of_the_team"
ANSWERS = {"anonymous": 401, "stranger": 200, "viewer": 200, "member": 200, "owner": 200}
READERS = {"viewer", "member", "owner"}
EVENTS = {"open_view", "list_curves"}
"""Each of the server's; a new one is walked below as soon as it stands here."""


@pytest.fixture
def lab() -> Lab:
    return make_lab()


def server_events() -> list[tuple[str, dict]]:
    """(name of the function, its entry in the page's configuration) of each event that runs on the server."""
    blocks = application._panel.routes[-1].app.get_blocks()
    entries = [event for event in blocks.config["dependencies"] if event["backend_fn"]]
    return [(blocks.fns[event["id"]].fn.__name__, event) for event in entries]


def test_every_event_is_in_the_matrix():
    assert {name for name, _ in server_events()} == EVENTS


@pytest.mark.parametrize("person", ANSWERS)
def test_each_person_learns_what_their_teams_have(person, lab):
    run = add_run(lab.experiment)
    add_point(run, SECRET, 1, 0.5)
    asked = ask_as(TestClient(application), getattr(lab, person, None))
    for name, event in server_events():
        body = {"data": [None] * len(event["inputs"]), "fn_index": event["id"], "session_hash": "x"}
        response = asked.post(f"/panel/gradio_api/run/predict?runs={run.id}&keys={SECRET}", json=body)
        assert response.status_code == ANSWERS[person], name
        assert (SECRET in response.text) == (person in READERS), name
