"""Runs trained elsewhere: their engine's events come over the API, each stored once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from flowdppo_engine import events
from flowdppo_engine.recipes import load_recipe
from runs import lifecycle
from runs.models import LogLine, MetricPoint, Run, RunState, Sample
from tests.platform.api.conftest import API
from tests.platform.lab import add_run

CONFIG = load_recipe("sandbox-smoke").model_dump(mode="json")


@pytest.fixture
def run(post, lab) -> Run:
    answer = post(f"/experiments/{lab.experiment.id}/reported-runs", {"name": "on Slurm", "config": CONFIG})
    return Run.objects.get(id=answer.json()["id"])


class Reporter:
    """A program that holds a run."""

    def __init__(self, program, run: Run):
        self.program, self.run = program, run
        self.answer = program.post(
            f"{API}/runs/{run.id}/reports", {"host": "login-1"}, content_type="application/json"
        )
        self.token = self.answer.json().get("token")

    def send(self, offset: int, lines: bytes):
        return self.program.post(
            f"{API}/runs/{self.run.id}/events?offset={offset}",
            lines,
            content_type="application/x-ndjson",
            headers={"Attempt-Token": self.token},
        )


@pytest.fixture
def reporter(program, run) -> Reporter:
    return Reporter(program, run)


def lines(*stream: events.Event) -> bytes:
    return b"".join(event.model_dump_json().encode() + b"\n" for event in stream)


def metrics(iteration: int) -> events.Metrics:
    return events.Metrics(
        seq=iteration, time=1.0, iteration=iteration, step=2 * iteration, values={"reward/mean": iteration / 8}
    )


def test_what_an_engine_elsewhere_writes_is_stored_once_and_ends_the_run(reporter, run):
    sample = events.Sample(index=0, path="samples/a.png", prompt="a dog", seed=1, rewards={})
    first = lines(metrics(1), events.Log(seq=2, time=1.0, level="info", message="It learns."))
    second = lines(metrics(2), events.Samples(iteration=2, step=4, samples=[sample]))
    last = lines(events.Finished(iteration=2, step=4, stopped=False))
    assert reporter.send(0, first).json() == {"offset": len(first), "state": "running"}
    again = reporter.send(0, first)
    assert again.status_code == 409 and again.json()["problems"][0]["value"] == len(first)
    assert reporter.send(len(first), second).json()["offset"] == len(first + second)
    assert reporter.send(len(first + second), last).json() == {
        "offset": len(first + second + last),
        "state": "finished",
    }
    points = MetricPoint.objects.filter(run=run).values_list("iteration", "value").order_by("iteration")
    assert list(points) == [(1, 0.125), (2, 0.25)]
    assert LogLine.objects.filter(run=run, message="It learns.").count() == 1
    assert not Sample.objects.filter(run=run).exists()
    assert reporter.send(0, b"").status_code == 409


def test_one_reporter_at_a_time_and_no_worker(reporter, program, run):
    second = Reporter(program, run)
    assert second.answer.status_code == 409 and "login-1 reports this run" in second.answer.json()["error"]
    waiting = Run.objects.create(experiment=run.experiment, name="w", config=CONFIG, is_reported=True)
    assert lifecycle.claim(waiting.id, "node-1") is None
    assert lifecycle.claim(waiting.id, "login-2", is_reported=True) is not None


def test_a_reporter_that_fell_silent_is_fenced_and_may_begin_again(reporter, program, run):
    stored = lines(metrics(1))
    reporter.send(0, stored)
    Run.objects.filter(id=run.id).update(lease_expires_at=timezone.now() - timedelta(days=1))
    lifecycle.abandon(run.attempts.get(), "It fell silent.")
    refused = reporter.send(len(stored), lines(metrics(2)))
    assert refused.status_code == 409 and "begin another attempt" in refused.json()["error"]
    second = Reporter(program, run)
    assert (second.answer.json()["number"], second.answer.json()["offset"]) == (2, len(stored))
    resumed = lines(events.Resumed(iteration=0, step=0, checkpoint=None), metrics(1))
    assert second.send(len(stored), resumed).status_code == 200
    assert MetricPoint.objects.filter(run=run).count() == 2
    assert run.attempts.get(number=1).valid_until == 0


def test_a_run_that_was_cancelled_on_the_site_ends_with_the_next_report(reporter, run, member):
    member.post(f"/runs/{run.id}/cancel/")
    assert reporter.send(0, lines(metrics(1))).json()["state"] == "cancelled"
    assert Run.objects.get(id=run.id).state == RunState.CANCELLED


def test_a_failure_is_told_in_the_engine_s_words(reporter, run):
    failed = events.Failed(error="out of memory", traceback="…", hint="Halve the batch.", deterministic=True)
    assert reporter.send(0, lines(failed)).json()["state"] == "failed"
    run.refresh_from_db()
    assert (run.error, run.hint) == ("out of memory", "Halve the batch.")


def test_half_a_line_and_a_wrong_configuration_are_refused_with_a_remedy(reporter, post, lab):
    half = reporter.send(0, lines(metrics(1))[:-1])
    assert half.status_code == 409 and "whole lines" in half.json()["error"]
    wrong = post(
        f"/experiments/{lab.experiment.id}/reported-runs", {"name": "x", "config": CONFIG | {"iterations": -1}}
    )
    assert wrong.status_code == 422 and wrong.json()["problems"][0]["field"] == "iterations"


def test_a_run_of_the_workers_takes_no_reports(post, lab):
    theirs = add_run(lab.experiment, state=RunState.QUEUED)
    refused = post(f"/runs/{theirs.id}/reports", {"host": "login-1"})
    assert refused.status_code == 409 and "A worker trains this run" in refused.json()["error"]
