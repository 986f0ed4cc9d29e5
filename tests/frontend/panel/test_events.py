"""What Gradio's events answer, and to whom: asked over HTTP as the page asks them."""

import pytest
from starlette.testclient import TestClient

from core.asgi import application
from frontend.panel import events
from runs.metric_names import SHOWN_FIRST, title_of
from runs.models import Experiment
from teams.models import Membership, Team, User
from tests.platform.core.web_client import ask_as
from tests.platform.runs.synthetic_run import SyntheticRun, metrics

pytestmark = pytest.mark.django_db(transaction=True)

SECRET_KEY = "reward/secret_of_the_team"


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="Team", slug="team")


@pytest.fixture
def member(team) -> User:
    user = User.objects.create_user("member", "member@example.org")
    Membership.objects.create(team=team, user=user, role="viewer")
    return user


@pytest.fixture
def stranger() -> User:
    return User.objects.create_user("stranger", "stranger@example.org")


@pytest.fixture
def synthetic(team) -> SyntheticRun:
    synthetic = SyntheticRun(Experiment.objects.create(team=team, name="Experiment"))
    synthetic.write(metrics(1, {"reward/mean": 0.5, SECRET_KEY: 0.5, "kl/old_mean": 1e-6}))
    return synthetic


@pytest.fixture
def web() -> TestClient:
    return TestClient(application)


def page_config(asked: TestClient) -> dict:
    response = asked.get("/panel/")
    return application._panel.routes[-1].app.get_blocks().config if response.status_code == 200 else {}


def server_events(config: dict) -> list[dict]:
    return [event for event in config["dependencies"] if event["backend_fn"]]


def ask(asked: TestClient, event: dict, query: str):
    body = {"data": [None] * len(event["inputs"]), "fn_index": event["id"], "session_hash": "x"}
    return asked.post(f"/panel/gradio_api/run/predict?{query}", json=body)


def choices(response) -> list[str]:
    """The metrics that the picker of curves gets, which is the last output of each event."""
    return [key for _, key in response.json()["data"][-1]["choices"]]


def test_the_page_has_two_events_and_neither_waits_in_the_queue(web, member):
    found = server_events(page_config(ask_as(web, member)))
    assert len(found) == 2
    assert all(event["queue"] is False and event["api_visibility"] == "private" for event in found)


def test_a_member_is_offered_the_metrics_of_the_run(web, member, synthetic):
    asked = ask_as(web, member)
    for event in server_events(page_config(asked)):
        response = ask(asked, event, f"runs={synthetic.id}")
        assert choices(response) == ["reward/mean", "kl/old_mean", SECRET_KEY]
        assert response.json()["data"][-1]["value"] == ["reward/mean", "kl/old_mean", SECRET_KEY]


def test_a_stranger_learns_nothing_of_the_run(web, stranger, synthetic):
    asked = ask_as(web, stranger)
    for event in server_events(page_config(asked)):
        response = ask(asked, event, f"runs={synthetic.id}&keys={SECRET_KEY}")
        assert response.status_code == 200
        assert choices(response) == list(SHOWN_FIRST)
        assert "secret" not in response.text


def test_anonymous_events_are_refused(web, member, synthetic):
    found = server_events(page_config(ask_as(web, member)))
    for event in found:
        assert ask(ask_as(web, None), event, f"runs={synthetic.id}").status_code == 401


def test_a_session_hash_opens_nothing(web, member, stranger, synthetic):
    """Who knows another one's session hash still gets answers of their own."""
    (first, *_) = server_events(page_config(ask_as(web, member)))
    body = {"data": [], "fn_index": first["id"], "session_hash": "shared"}
    address = f"/panel/gradio_api/run/predict?runs={synthetic.id}"
    assert "secret" in ask_as(web, member).post(address, json=body).text
    assert "secret" not in ask_as(web, stranger).post(address, json=body).text


def test_the_controls_follow_the_address(web, member, synthetic):
    asked = ask_as(web, member)
    (load, _) = server_events(page_config(asked))
    query = f"runs={synthetic.id}&x=step&smooth=0.5&log=1&lost=1&seeds=1&multiples=1&keys=kl/old_mean,no/such"
    values = [control["value"] for control in ask(asked, load, query).json()["data"]]
    assert values == ["step", 0.5, "kl", True, True, True, ["kl/old_mean"]]


@pytest.mark.parametrize(("text", "axis"), [("hours", "hours"), ("samples", "samples"), ("no", "iteration")])
def test_there_are_four_things_to_lay_curves_over(web, member, synthetic, text, axis):
    asked = ask_as(web, member)
    (load, _) = server_events(page_config(asked))
    assert ask(asked, load, f"runs={synthetic.id}&x={text}").json()["data"][0]["value"] == axis


@pytest.mark.parametrize(("text", "choice"), [("all", "all"), ("1", "kl"), ("no", ""), ("", "")])
def test_a_logarithm_is_for_all_for_the_kls_or_for_none(web, member, synthetic, text, choice):
    asked = ask_as(web, member)
    (load, _) = server_events(page_config(asked))
    assert ask(asked, load, f"runs={synthetic.id}&log={text}").json()["data"][2]["value"] == choice


@pytest.mark.parametrize(("text", "smoothing"), [("7", 0.98), ("-1", 0.0), ("nan", 0.0), ("x", 0.0), ("0.25", 0.25)])
def test_smoothing_stays_within_the_slider(text, smoothing):
    assert events._smoothing(text) == smoothing


def test_every_metric_has_a_title():
    assert title_of("reward/mean") == "Reward"
    assert title_of("reward/sandbox_soft_tifa") == "Reward: sandbox soft tifa"
    assert title_of("time/rollout_seconds") == "Seconds: rollout"
    assert title_of("new_group/some_value") == "new_group: some value"
    assert title_of("plain") == "plain"
