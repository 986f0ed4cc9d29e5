"""A checkpoint goes to a Hub: a process of its own that speaks as much of the real one as the real client asks."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
import yaml
from django.conf import settings as site
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now

from core.encryption import decrypt
from exporting import lifecycle, services
from exporting.hub_names import read_repository, read_token
from exporting.licences import Licence
from exporting.models import Push, PushState
from exporting.sending import Sender
from exporting.services import TOKEN, Wish
from runs.continuing import NotPossible
from runs.lifecycle import LeaseLost
from runs.models import Checkpoint
from teams.models import AuditEntry, Role
from teams.services import set_role
from tests.platform.exporting.hub import Hub
from tests.platform.lab import add_checkpoint, add_run

pytestmark = pytest.mark.django_db

LORA = "pytorch_lora_weights.safetensors"
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def hub(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    with Hub(tmp_path / "hub") as hub:
        settings.HUB_ENDPOINT = hub.url
        yield hub


@pytest.fixture
def checkpoint(lab) -> Checkpoint:
    return add_checkpoint(add_run(lab.experiment, "mine"), 40, {LORA: b"weights", "optimizer.safetensors": b"x"})


def ask(lab, checkpoint, repository="lab/mine", token="hf_good", is_private=True) -> Push:
    return services.push(lab.member, checkpoint, Wish(repository, is_private, Licence("mit"), token))


def send(push: Push) -> Push:
    """One try, now."""
    Push.objects.filter(id=push.id).update(due_at=Now())
    Sender(lifecycle.claim()).send()
    push.refresh_from_db()
    return push


def test_it_is_one_commit_of_a_private_repository(lab, checkpoint, hub):
    push = send(ask(lab, checkpoint))
    assert (push.state, push.error, push.num_tries) == (PushState.SENT, "", 1)
    repository = hub.repository("lab/mine")
    assert repository.is_private
    (commit,) = repository.commits
    assert (commit["oid"], commit["summary"]) == (push.commit, "mine, iteration 40")
    assert push.page == f"{hub.url}/lab/mine/commit/{push.commit}"
    files = repository.files()
    assert set(files) == {"README.md", LORA, "config.yaml"} and files[LORA] == b"weights"
    assert push.num_bytes == sum(map(len, files.values()))
    assert yaml.safe_load(files["README.md"].split(b"---\n")[1])["license"] == "mit"
    assert not (site.DATA_DIR / "pushes").exists() or not list((site.DATA_DIR / "pushes").iterdir())


def test_the_token_is_kept_encrypted_and_only_while_it_is_needed(lab, checkpoint, hub, caplog):
    caplog.set_level(logging.DEBUG)
    push = ask(lab, checkpoint)
    assert "hf_good" not in push.token and decrypt(push.token, TOKEN) == "hf_good"
    assert send(push).token == ""
    (entry,) = AuditEntry.objects.filter(verb="pushed to the Hub")
    assert (entry.user, entry.object) == (lab.member, "checkpoint 40 of run “mine”")
    assert entry.detail == "to lab/mine (private), under mit"
    rows = json.dumps([list(model.objects.values()) for model in (Push, AuditEntry)], default=str)
    assert "hf_good" not in rows and "hf_good" not in caplog.text and "is at lab/mine" in caplog.text
    assert "hf_good" not in repr(Wish("lab/mine", True, Licence("mit"), "hf_good"))


def test_what_was_sent_already_makes_no_second_commit(lab, checkpoint, hub):
    first = send(ask(lab, checkpoint))
    again = send(ask(lab, checkpoint))
    assert (again.state, again.commit) == (PushState.SENT, first.commit)
    newer = add_checkpoint(checkpoint.run, 80, {LORA: b"better"})
    assert send(ask(lab, newer)).state == PushState.SENT
    summaries = [commit["summary"] for commit in hub.repository("lab/mine").commits]
    assert summaries == ["mine, iteration 40", "mine, iteration 80"]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"token": "hf_unknown"}, "does not know this token"),
        ({"token": "hf_reader"}, "may not write to lab/mine"),
        ({"repository": "elsewhere/mine"}, 'under the namespace "elsewhere"'),
        ({"repository": "lab/shown"}, "lab/shown is there already and public, so nothing was sent: choose public"),
    ],
)
def test_what_the_hub_refuses_is_told_in_words_and_not_tried_again(lab, checkpoint, hub, wish, words):
    hub.repository("lab/shown").make(is_private=False)
    push = send(ask(lab, checkpoint, **wish))
    assert push.state == PushState.FAILED and words in push.error and push.token == "" and push.ended_at
    assert "hf_" not in push.error
    assert lifecycle.claim() is None and hub.repository("lab/shown").commits == []


def test_a_hub_that_is_down_is_asked_again_until_it_is_given_up(lab, checkpoint, hub):
    hub.order(down=True)
    push = send(ask(lab, checkpoint))
    assert push.state == PushState.WAITING and "does not take it now (HTTP 503: Under maintenance)" in push.error
    assert push.token and lifecycle.claim() is None, "it is not due yet"
    hub.order()
    assert send(push).state == PushState.SENT and push.error == "" and push.num_tries == 2


def test_a_hub_that_is_not_there_ends_it_after_the_last_try(lab, checkpoint, hub):
    hub.end()
    push = ask(lab, checkpoint)
    Push.objects.filter(id=push.id).update(num_tries=lifecycle.MAX_TRIES - 1)
    assert send(push).state == PushState.FAILED
    assert "cannot be reached" in push.error and "It was tried 5 times: push it once more later." in push.error


def test_one_whose_sender_died_is_taken_up_again_but_not_for_ever(lab, checkpoint, hub, monkeypatch):
    push = ask(lab, checkpoint)
    lost = lifecycle.claim()
    assert lifecycle.claim() is None, "it is held"
    monkeypatch.setattr(lifecycle, "LEASE", timedelta(0))
    Push.objects.update(lease_expires_at=LONG_AGO)
    Sender(lifecycle.claim()).send()
    push.refresh_from_db()
    assert (push.state, push.num_tries) == (PushState.SENT, 2)
    with pytest.raises(LeaseLost):
        lifecycle.fail(lost, "too late")
    with pytest.raises(LeaseLost):
        lifecycle.renew(lost)

    Push.objects.update(state=PushState.SENDING, num_tries=lifecycle.MAX_TRIES, lease_expires_at=LONG_AGO)
    assert lifecycle.claim() is None
    push.refresh_from_db()
    assert push.state == PushState.FAILED and "died 5 times" in push.error


def test_it_goes_out_only_for_people_who_may_write_and_while_the_files_are_there(lab, checkpoint, hub):
    push = ask(lab, checkpoint)
    set_role(lab.team, lab.member, Role.VIEWER)
    assert send(push).state == PushState.FAILED and "may not change anything in this team any more" in push.error
    set_role(lab.team, lab.member, Role.MEMBER)
    gone = send(ask(lab, add_checkpoint(checkpoint.run, 80)))
    assert gone.state == PushState.FAILED and "are gone" in gone.error
    assert hub.asked() == []


def test_one_that_waits_is_called_back_and_one_that_is_sent_is_not(lab, checkpoint):
    push = ask(lab, checkpoint)
    with pytest.raises(PermissionDenied):
        services.call_back(lab.viewer, push)
    services.call_back(lab.owner, push)
    push.refresh_from_db()
    assert (push.state, push.error) == (PushState.FAILED, "Called back by owner@example.org.")
    assert push.token == "" and push.ended_at and lifecycle.claim() is None
    assert AuditEntry.objects.filter(verb="called back from the Hub", detail="to lab/mine").count() == 1

    again = ask(lab, checkpoint)
    assert lifecycle.claim()
    with pytest.raises(NotPossible, match="is being sent"):
        services.call_back(lab.owner, again)


def test_a_token_that_cannot_be_read_any_more_is_told(lab, checkpoint, hub, settings):
    push = ask(lab, checkpoint)
    settings.SECRET_KEY = "another"
    assert send(push).state == PushState.FAILED and "SECRET_KEY" in push.error


def test_one_at_a_time_to_a_repository_and_not_too_many_of_a_team(lab, checkpoint, monkeypatch):
    ask(lab, checkpoint)
    with pytest.raises(NotPossible, match="on its way to lab/mine already"):
        ask(lab, checkpoint)
    monkeypatch.setattr(services, "MOST_LIVE", 2)
    ask(lab, checkpoint, "lab/other")
    with pytest.raises(NotPossible, match="2 checkpoints of this team"):
        ask(lab, checkpoint, "lab/third")
    checkpoint.removed = True
    with pytest.raises(NotPossible, match="push a newer one"):
        ask(lab, checkpoint, "lab/fourth")


def test_names_and_tokens_are_looked_at_before_anything_is_kept():
    assert read_repository(" lab/My_model-2.1 ") == "lab/My_model-2.1"
    for wrong in ("mine", "lab/", "/x", "a/b/c", "lab/-x", "lab/x.", "lab/a--b", "lab/a..b", "lab/x.git", "l b/x",
                  f"lab/{'x' * 97}", "lab/ü", "https://hub/x"):  # fmt: skip
        with pytest.raises(ValueError, match="no repository of the Hub: give NAME/REPOSITORY"):
            read_repository(wrong)
    assert read_token(" hf_good\n") == "hf_good"
    for wrong in ("hf_go od", "hf_\r\nHost: x", "hf_ü", "x" * 501):
        with pytest.raises(ValueError) as refusal:
            read_token(wrong)
        assert wrong not in str(refusal.value)
