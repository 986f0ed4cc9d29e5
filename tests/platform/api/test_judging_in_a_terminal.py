"""`flowdppo votes`, `vote` and `comparisons` against a running site."""

import json
import uuid

import pytest
from typer.testing import CliRunner

from comparing.looking import parse_looking
from comparing.services import save_comparison
from flowdppo_engine.client.commands import app
from flowdppo_engine.client.refusals import ClientError, Exit
from teams.api_tokens import make_token
from teams.models import Scope
from tests.platform.lab import add_run, make_lab
from tests.platform.votes.ballot_box import add_vote, judge
from votes.services import close_vote

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab():
    return make_lab()


@pytest.fixture
def flowdppo(lab, live_server, monkeypatch, tmp_path):
    """What the member's terminal prints."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("FLOWDPPO_SERVER", live_server.url)
    monkeypatch.setenv("FLOWDPPO_TOKEN", make_token(lab.member, "tests", Scope.READ, num_days=1).text)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, words)
        if done.exception:
            raise done.exception
        return done.output

    return run


def test_a_vote_is_told_to_whom_the_page_tells_it(lab, flowdppo, live_server):
    run = add_run(lab.experiment, "mine")
    vote = add_vote(lab, run)
    assert "Which is better?" in flowdppo("votes") and "open" in flowdppo("votes")
    secret = flowdppo("vote", "Which is better?")
    assert f"{live_server.url}/votes/{vote.id}/" in secret
    assert "once you have judged some" in secret and "mine at 40" not in secret

    judge(lab.member, vote, 3)
    told = flowdppo("vote", str(vote.id))
    assert "3 by 1, 3 of them yours" in told and told.index("mine at 40") < told.index("base model of mine")
    assert "3, 0, 0, 0" in told and "0, 3, 0, 0" in told
    assert json.loads(flowdppo("vote", str(vote.id), "--json"))["results"]["policies"][0]["num_won"] == 3

    empty = add_vote(lab, add_run(lab.experiment, "other"))
    close_vote(lab.owner, empty)
    assert "0, 0, 0, 0" in flowdppo("vote", str(empty.id))
    with pytest.raises(ClientError, match="2 votes are called “Which is better[?]”: give one of the ids") as caught:
        flowdppo("vote", "Which is better?")
    assert caught.value.code == Exit.DOES_NOT_FIT
    with pytest.raises(ClientError, match="no such thing in your teams"):
        flowdppo("vote", str(uuid.uuid4()))
    with pytest.raises(ClientError, match="There is no vote “Which[?]” in your teams: `flowdppo votes` shows them"):
        flowdppo("vote", "Which?")


def test_saved_comparisons_are_listed(lab, flowdppo):
    run = add_run(lab.experiment, "mine")
    saved = save_comparison(lab.owner, "Eight", "", parse_looking({"policies": f"{run.id}@0,{run.id}@8"}))
    (row,) = [line.split() for line in flowdppo("comparisons").splitlines() if "Eight" in line]
    assert row[:4] == [str(saved.id), "Eight", "2", "0"]
    assert [one["name"] for one in json.loads(flowdppo("comparisons", "--json"))] == ["Eight"]
