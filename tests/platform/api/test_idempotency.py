"""A request that is sent twice with one key is done once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from api.models import StoredAnswer
from runs.models import Run
from teams.api_tokens import make_token
from teams.models import Scope
from tests.platform.lab import Lab, make_lab

KEY = {"Idempotency-Key": "one"}


@pytest.fixture
def path(lab: Lab) -> str:
    return f"/experiments/{lab.experiment.id}/runs"


def num_runs() -> int:
    return Run.objects.filter(experiment__name="Thresholds").count()


def test_the_second_request_gets_the_answer_of_the_first(post, path):
    first, second = (post(path, {"recipe": "sandbox-smoke"}, **KEY) for _ in range(2))
    assert (first.status_code, second.status_code, num_runs()) == (201, 201, 1)
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first and second["Idempotent-Replayed"] == "true"


def test_a_key_is_for_one_request(post, path):
    post(path, {"recipe": "sandbox-smoke"}, **KEY)
    other = post(path, {"recipe": "sandbox-flow-dppo"}, **KEY)
    assert (other.status_code, num_runs()) == (409, 1)
    assert "“one” was used for another request" in other.json()["error"]


def test_a_refused_request_leaves_its_key_free(post, path):
    assert post(path, {"recipe": "no-such"}, **KEY).status_code == 422
    assert post(path, {"recipe": "sandbox-smoke"}, **KEY).status_code == 201


def test_a_key_is_forgotten_after_a_day(post, path):
    post(path, {"recipe": "sandbox-smoke"}, **KEY)
    StoredAnswer.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert "Idempotent-Replayed" not in post(path, {"recipe": "sandbox-smoke"}, **KEY)
    assert (num_runs(), StoredAnswer.objects.count()) == (2, 1)


def test_keys_of_two_people_do_not_meet(post, path, as_program, lab):
    post(path, {"recipe": "sandbox-smoke"}, **KEY)
    owner = as_program(lab.owner)
    owner.post(f"/api/v1{path}", {"recipe": "sandbox-smoke"}, content_type="application/json", headers=KEY)
    assert num_runs() == 2


def test_a_key_that_is_too_long_is_refused(post, path):
    answer = post(path, {"recipe": "sandbox-smoke"}, **{"Idempotency-Key": "x" * 201})
    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, "Idempotency-Key")


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_the_same_moment_one_is_done(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    lab = make_lab()
    token = make_token(lab.member, "tests", Scope.WRITE, num_days=1).text
    barrier, answers = threading.Barrier(4), []

    def ask() -> None:
        barrier.wait()
        headers = {"Authorization": f"Bearer {token}", **KEY}
        path = f"/api/v1/experiments/{lab.experiment.id}/runs"
        answer = client.post(path, {"recipe": "sandbox-smoke"}, content_type="application/json", headers=headers)
        answers.append((answer.status_code, answer.json()["id"]))
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 4 and len(set(answers)) == 1
    assert num_runs() == 1
