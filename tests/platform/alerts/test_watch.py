"""The watch: each thing is told once, however often it looks, whatever dies, and whatever is rolled back."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from alerts import services, telling, watch
from alerts.models import Alert, Kind, Watch
from runs import lifecycle
from runs.models import Run, RunState
from tests.platform.alerts.watched_run import PROMPTS, QUALITY, REWARD, WatchedRun

ZERO_GROUPS = "reward/zero_groups"


def told() -> list[tuple[str, int, int]]:
    return list(Alert.objects.order_by("id").values_list("kind", "iteration", "level"))


def set_budget(lab, budget: float, **options) -> None:
    options = {"metric": "kl/reference_nats", "num_iterations": 2, "budget": budget, **options}
    services.set_rule(lab.member, lab.experiment, Kind.KL_BUDGET, is_on=True, pauses=False, options=options)


def test_reward_hacking_is_told_once_with_what_shows_it(lab, watched):
    watched.draw_scored(0, {"a circle": [10.0, 20.0]})
    watched.hack()
    watched.draw_scored(60, {"a circle": [90.0, 95.0]})
    assert watch.look() == 1 and watch.look() == 0
    alert = Alert.objects.get()
    assert (alert.kind, alert.iteration, alert.since) == (Kind.REWARD_HACKING, 60, 0)
    assert alert.curves == ["reward/mean", ["sandbox:in_domain", QUALITY]]
    assert [pair.now.seed for pair in alert.evidence.all()] == [1, 0]
    assert {pair.then.iteration for pair in alert.evidence.all()} == {0}


def test_a_run_without_news_is_not_read_again(lab, watched):
    watched.measure(range(1, 6), **{ZERO_GROUPS: 0.0})
    watch.look()
    before = Watch.objects.get()
    assert before.event_offset == Run.objects.get().event_offset and before.point_id > 0
    watch.look()
    after = Watch.objects.get()
    assert (after.point_id, after.told) == (before.point_id, before.told)


def test_it_does_not_matter_how_often_it_looks(lab):
    seldom, often = WatchedRun(lab.experiment, "seldom"), WatchedRun(lab.experiment, "often")
    shares = {1: 0.0, 8: 1.0, 16: 0.0, 24: 1.0}

    def share(at: int) -> float:
        return shares[max(start for start in shares if start <= at)]

    for at in range(1, 31):
        often.measure([at], **{ZERO_GROUPS: share})
        watch.look()
    seldom.measure(range(1, 31), **{ZERO_GROUPS: share})
    watch.look()
    by_run = {
        run.id: list(Alert.objects.filter(run=run.id).order_by("id").values_list("kind", "iteration", "level"))
        for run in (seldom, often)
    }
    # Both episodes are told when four of five iterations are over the threshold.
    assert by_run[seldom.id] == by_run[often.id] == [(Kind.GROUP_VARIANCE, 11, 0), (Kind.GROUP_VARIANCE, 27, 0)]


def test_a_rule_that_stays_true_is_told_again_at_twice_as_much(lab, watched):
    set_budget(lab, 10)
    watched.measure(range(1, 61), **{"kl/reference_nats": float})
    watch.look()
    assert told() == [(Kind.KL_BUDGET, 11, 0), (Kind.KL_BUDGET, 21, 1), (Kind.KL_BUDGET, 41, 2)]


def test_a_rule_that_is_off_tells_nothing_and_starts_afresh_when_it_is_on(lab, watched):
    watched.measure(range(1, 31), **{"kl/reference_nats": 100.0})
    watch.look()
    assert told() == []
    set_budget(lab, 10)
    watched.measure(range(31, 33), **{"kl/reference_nats": 100.0})
    watch.look()
    assert told() == [(Kind.KL_BUDGET, 31, 3)]


def test_a_rule_that_pauses_asks_for_a_stop_at_the_next_checkpoint(lab, watched):
    services.set_rule(lab.member, lab.experiment, Kind.GROUP_VARIANCE, is_on=True, pauses=True, options={})
    watched.measure(range(1, 6), **{ZERO_GROUPS: 1.0})
    watch.look()
    run = Run.objects.get(id=watched.id)
    assert run.stop_requested_at is not None and "Groups without a signal" in run.stop_reason
    assert Alert.objects.get().asked_to_pause


def test_a_run_that_has_ended_is_judged_to_its_end_and_not_asked_to_pause(lab, watched):
    services.set_rule(lab.member, lab.experiment, Kind.GROUP_VARIANCE, is_on=True, pauses=True, options={})
    watched.measure(range(1, 6), **{ZERO_GROUPS: 1.0})
    watched.finish()
    assert watch.look() == 1
    assert not Alert.objects.get().asked_to_pause
    assert Run.objects.get(id=watched.id).state == RunState.FINISHED


class TestRollback:
    """A later attempt does some iterations again."""

    def test_what_comes_again_stands_again_and_is_not_told_again(self, lab, watched):
        set_budget(lab, 10)
        watched.measure(range(1, 16), **{"kl/reference_nats": float})
        assert watch.look() == 1
        watched.stop_and_resume(8)
        watch.look()
        assert Alert.objects.get().rolled_back_at is not None
        watched.measure(range(9, 16), **{"kl/reference_nats": float})
        assert watch.look() == 0
        assert told() == [(Kind.KL_BUDGET, 11, 0)] and Alert.objects.get().rolled_back_at is None

    def test_what_comes_again_an_iteration_later_is_the_same_alert(self, lab, watched):
        set_budget(lab, 10)
        watched.measure(range(1, 16), **{"kl/reference_nats": float})
        watch.look()
        watched.stop_and_resume(8)
        watched.measure(range(9, 16), **{"kl/reference_nats": lambda at: at - 1})
        assert watch.look() == 0
        assert told() == [(Kind.KL_BUDGET, 12, 0)] and Alert.objects.get().rolled_back_at is None

    def test_what_does_not_come_again_stays_rolled_back(self, lab, watched):
        set_budget(lab, 10)
        watched.measure(range(1, 16), **{"kl/reference_nats": float})
        watch.look()
        watched.stop_and_resume(8)
        watched.measure(range(9, 16), **{"kl/reference_nats": 5.0})
        watch.look()
        assert Alert.objects.get().rolled_back_at is not None

    def test_what_comes_long_after_the_stretch_that_was_done_again_is_news(self, lab, watched):
        set_budget(lab, 10)
        watched.measure(range(1, 16), **{"kl/reference_nats": float})
        watch.look()
        watched.stop_and_resume(8)
        watched.measure(range(9, 31), **{"kl/reference_nats": lambda at: 5.0 if at < 30 else 20.0})
        assert watch.look() == 1
        assert told() == [(Kind.KL_BUDGET, 11, 0), (Kind.KL_BUDGET, 30, 0)]

    def test_a_run_that_is_rolled_back_while_it_is_read_is_judged_next_time(self, lab, watched, monkeypatch):
        set_budget(lab, 10)
        watched.measure(range(1, 16), **{"kl/reference_nats": float})

        def read(*arguments, real=watch.read_news):
            news = real(*arguments)
            watched.stop_and_resume(8)
            return news

        with monkeypatch.context() as patched:
            patched.setattr(watch, "read_news", read)
            assert watch.look() == 0
        assert watch.look() == 0 and told() == []
        watched.measure(range(9, 16), **{"kl/reference_nats": float})
        assert watch.look() == 1

    def test_an_episode_from_before_goes_on(self, lab, watched):
        set_budget(lab, 10)
        watched.measure(range(1, 16), **{"kl/reference_nats": float})
        watch.look()
        watched.stop_and_resume(13)
        watched.measure(range(14, 25), **{"kl/reference_nats": float})
        watch.look()
        assert told() == [(Kind.KL_BUDGET, 11, 0), (Kind.KL_BUDGET, 21, 1)]
        assert not Alert.objects.exclude(rolled_back_at=None).exists()


class TestNoProgress:
    def still_for(self, minutes: float) -> None:
        Watch.objects.update(progress_at=timezone.now() - timedelta(minutes=minutes))

    def test_a_run_that_stands_still_is_told_at_each_doubling(self, watched):
        watched.measure([1], **{ZERO_GROUPS: 0.0})
        assert watch.look() == 0
        counts = []
        start = timezone.now()
        for minutes in (29, 31, 59, 61):
            # Its last move stays the same moment.
            Watch.objects.update(progress_at=start)
            watch_at(start + timedelta(minutes=minutes))
            counts.append(Alert.objects.count())
        assert counts == [0, 1, 1, 2]

    def test_a_run_that_moves_is_never_still(self, watched):
        for at in range(1, 4):
            watched.measure([at], **{ZERO_GROUPS: 0.0})
            watch.look()
            self.still_for(100)
            watched.measure([at + 10], **{ZERO_GROUPS: 0.0})
            assert watch.look() == 0

    def test_two_hangs_at_one_iteration_are_two_alerts(self, watched):
        watched.measure([1], **{ZERO_GROUPS: 0.0})
        watch.look()
        self.still_for(31)
        assert watch.look() == 1
        Run.objects.filter(id=watched.id).update(phase_done=F("phase_done") + 1)
        watch.look()
        self.still_for(32)
        assert watch.look() == 1
        assert told() == [(Kind.NO_PROGRESS, 1, 0)] * 2

    def test_a_run_that_waits_is_not_still(self, watched):
        watched.measure([1], **{ZERO_GROUPS: 0.0})
        watch.look()
        self.still_for(100)
        Run.objects.update(state=RunState.QUEUED)
        assert watch.look() == 0 and told() == []


def watch_at(moment) -> None:
    """Look as if it were then: what the database calls now is what the run's last move is compared with."""
    shift = moment - timezone.now()
    Watch.objects.update(progress_at=F("progress_at") - shift)
    before = Watch.objects.get().progress_at
    watch.look()
    Watch.objects.filter(progress_at=before).update(progress_at=F("progress_at") + shift)


def test_one_run_that_cannot_be_judged_holds_up_no_other(lab, watched, monkeypatch):
    other = WatchedRun(lab.experiment, "other")
    for run in (watched, other):
        run.measure(range(1, 6), **{ZERO_GROUPS: 1.0})

    def tell(run, finding, real=telling.tell):
        if run.id == watched.id:
            raise ZeroDivisionError
        return real(run, finding)

    with monkeypatch.context() as patched:
        patched.setattr(telling, "tell", tell)
        assert watch.look() == 1
    assert list(Alert.objects.values_list("run", flat=True)) == [other.id]
    assert watch.look() == 1 and Alert.objects.count() == 2


def test_a_watch_that_dies_half_way_has_told_nothing_and_tells_it_next_time(watched, monkeypatch):
    watched.measure(range(1, 6), **{ZERO_GROUPS: 1.0})

    def die(watches):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt), transaction.atomic():
        patched.setattr(watch, "_remember", die)
        watch.look()
    assert told() == []
    assert watch.look() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_that_look_at_once_one_tells(watched):
    watched.measure(range(1, 6), **{ZERO_GROUPS: 1.0})
    at_once, counts = threading.Barrier(2), []

    def look() -> None:
        at_once.wait()
        counts.append(watch.look())
        connection.close()

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    watch.look()
    assert Alert.objects.count() == 1 and sum(counts) == 1


def test_queries_do_not_grow_with_the_runs(lab):
    def queries_of_a_look(runs: list[WatchedRun], at: int) -> int:
        for run in runs:
            run.measure(range(at, at + 5), **{ZERO_GROUPS: 0.1, "kl/reference_nats": 1.0})
            run.score(at + 4, **{REWARD: PROMPTS})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            watch.look()
        return len([query for query in queries.captured_queries if "SAVEPOINT" not in query["sql"]])

    one = [WatchedRun(lab.experiment, "first")]
    first = queries_of_a_look(one, 1)
    many = [*one, *(WatchedRun(lab.experiment, f"run {number}") for number in range(5))]
    assert queries_of_a_look(many, 10) <= first <= 15


def test_the_log_tells_why_a_run_was_paused(lab, watched):
    services.set_rule(lab.member, lab.experiment, Kind.GROUP_VARIANCE, is_on=True, pauses=True, options={})
    watched.measure(range(1, 6), **{ZERO_GROUPS: 1.0})
    watch.look()
    assert "Alert: Groups without a signal." in Run.objects.get(id=watched.id).log_lines.last().message
    assert lifecycle.request_stop(Run.objects.get(id=watched.id), "Again.") is False
