"""From events to rows: once each, fenced, spliced across attempts."""

import pytest
from django.db import connections, transaction

from flowdppo_engine import events
from runs import ingest, lifecycle
from runs.deaths import Death
from runs.lifecycle import LeaseLost
from runs.models import Attempt, AttemptOutcome, MetricPoint, Run


class Stream:
    """Stores events as a worker does, pretending that each takes ten bytes of the file."""

    def __init__(self, run):
        self._run = run
        self._offset = 0
        self.take_up()

    def take_up(self) -> None:
        self.lease = lifecycle.claim(self._run.id, "worker")
        self.attempt = Attempt.objects.get(id=self.lease.attempt_id)

    def lose(self) -> None:
        lifecycle.requeue(self.lease, Death(AttemptOutcome.LOST, "Lost."))

    def store(self, *new: events.Event) -> None:
        end = self._offset + 10 * len(new)
        ingest.store(self.lease, self.attempt, ingest.Batch(new, self._offset, end))
        self._offset = end
        self._run.refresh_from_db()


@pytest.fixture
def stream(run):
    return Stream(run)


def metrics(iteration: int, **values: float) -> events.Metrics:
    return events.Metrics(time=5.0, iteration=iteration, step=2 * iteration, values=values or {"kl": iteration})


def test_every_kind_of_event_finds_its_place(run, stream):
    score = events.Score(mean=0.5, low=0.4, high=0.6, per_prompt=[0.5])
    sample = events.Sample(index=3, path="samples/1.png", prompt="two red circles", seed=7, rewards={"a": 0.5})
    stream.store(
        events.Started(total_iterations=9, num_latent_dims=256, num_trainable_parameters=1, engine_version="1"),
        events.Phase(phase="train", done=1, total=9, unit="iterations", seconds_left=30.0),
        metrics(1, reward=0.25),
        events.Samples(iteration=1, step=2, samples=[sample]),
        events.Evaluation(iteration=1, step=2, prompt_set="p", num_prompts=1, scores={"a": score}, difference={}),
        events.Checkpoint(iteration=1, step=2, path="checkpoints/step-000002", num_bytes=99),
        events.Log(seq=7, time=8.0, level="warning", message="careful"),
    )
    assert (run.total_iterations, run.num_latent_dims, run.iteration, run.step) == (9, 256, 1, 2)
    assert (run.phase, run.phase_done, run.phase_total, run.phase_unit) == ("train", 1, 9, "iterations")
    assert run.seconds_left == 30.0
    point = run.points.get()
    assert (point.key, point.value, point.iteration, point.step, point.time) == ("reward", 0.25, 1, 2, 5.0)
    assert (run.samples.get().index, run.samples.get().rewards) == (3, {"a": 0.5})
    assert run.evaluations.get().scores["a"]["per_prompt"] == [0.5]
    assert run.checkpoints.get().num_bytes == 99
    assert run.log_lines.get(seq=7).message == "careful"
    assert run.event_offset == 70


def test_a_group_that_training_drew_stands_beside_the_fixed_samples_of_its_iteration(run, stream):
    about = {"prompt": "two red circles", "seed": 0, "rewards": {"a": 0.5}}
    group = [
        events.Sample(index=8 + n, path=f"{n}.png", kind="rollout", group=2, advantage=1.0 - n, kl=kl, **about)
        for n, kl in enumerate((0.25, None, float("nan")))
    ]
    stream.store(events.Samples(iteration=1, step=2, samples=group), metrics(1))
    stream.store(events.Samples(iteration=1, step=2, samples=[events.Sample(index=8, path="s.png", **about)]))
    rows = run.samples.order_by("id").values_list("kind", "index", "group", "advantage", "kl")
    assert list(rows) == [
        ("rollout", 8, 2, 1.0, 0.25),
        ("rollout", 9, 2, 0.0, None),
        ("rollout", 10, 2, -1.0, None),
        ("fixed", 8, None, None, None),
    ]


def test_a_sample_of_an_older_engine_is_a_fixed_one(run, stream):
    line = b"""{"type":"samples","seq":4,"time":1.5,"iteration":1,"step":2,"samples":[
        {"index":0,"path":"a.png","prompt":"a dog","seed":1,"rewards":{"a":0.5}}]}"""
    stream.store(events.parse_event(line))
    sample = run.samples.get()
    assert (sample.kind, sample.group, sample.advantage, sample.kl) == ("fixed", None, None, None)


def test_a_batch_is_stored_once(run, stream):
    stream.store(metrics(1), metrics(2))
    with pytest.raises(LeaseLost):
        ingest.store(stream.lease, stream.attempt, ingest.Batch([metrics(2)], 10, 20))
    assert [point.iteration for point in run.points.order_by("iteration")] == [1, 2]


def test_a_stale_lease_stores_nothing(run, stream):
    stale, attempt = stream.lease, stream.attempt
    stream.lose()
    stream.take_up()
    with pytest.raises(LeaseLost):
        ingest.store(
            stale, attempt, ingest.Batch([metrics(1), events.Resumed(iteration=0, step=0, checkpoint=None)], 0, 9)
        )
    run.refresh_from_db()
    assert (run.event_offset, run.points.count()) == (0, 0)


def test_a_failure_in_the_middle_leaves_neither_rows_nor_offset(run, stream):
    too_long = metrics(2, **{"k" * 81: 1.0})
    with pytest.raises(Exception, match="too long"):
        stream.store(metrics(1), too_long)
    run.refresh_from_db()
    assert (run.event_offset, run.points.count(), run.iteration) == (0, 0, 0)


def test_resumed_cuts_what_earlier_attempts_wrote_past_it(run, stream):
    stream.store(metrics(1), metrics(2), metrics(3))
    stream.lose()
    stream.take_up()
    stream.store(events.Resumed(iteration=2, step=4, checkpoint="checkpoints/step-000004"), metrics(3), metrics(4))
    stream.lose()
    stream.take_up()
    stream.store(events.Resumed(iteration=1, step=2, checkpoint="checkpoints/step-000002"))
    first, second, third = run.attempts.all()
    assert (first.valid_until, second.valid_until, third.valid_until) == (1, 1, None)
    assert (second.resumed_from, third.resumed_from) == (2, 1)
    assert (run.iteration, run.step) == (1, 2)
    assert run.points.count() == 5


def test_a_fresh_start_voids_earlier_attempts_wholly(run, stream):
    stream.store(metrics(1))
    stream.lose()
    stream.take_up()
    stream.store(events.Started(total_iterations=9, num_latent_dims=1, num_trainable_parameters=1, engine_version="1"))
    assert run.attempts.first().valid_until == -1


def test_what_is_not_finite_is_null_in_json(run, stream):
    rewards = {"a": float("nan"), "b": float("inf"), "c": 1.0}
    sample = events.Sample(index=0, path="x.png", prompt="p", seed=1, rewards=rewards)
    stream.store(events.Samples(iteration=1, step=2, samples=[sample]))
    assert run.samples.get().rewards == {"a": None, "b": None, "c": 1.0}


def test_an_event_of_an_unknown_type_is_passed_over(run, stream):
    stream.store(events.parse_event('{"type": "weather", "seq": 1, "time": 1, "sunny": true}'), metrics(1))
    assert (run.event_offset, run.points.count()) == (20, 1)


def test_an_event_said_twice_counts_once(run, stream):
    stream.store(metrics(1, kl=1.0), metrics(1, kl=2.0))
    assert run.points.get().value == 1.0


def test_removed_checkpoints_are_marked(run, stream):
    stream.store(
        events.Checkpoint(iteration=1, step=2, path="checkpoints/a", num_bytes=1),
        events.Checkpoint(iteration=2, step=4, path="checkpoints/b", num_bytes=1, removed=["checkpoints/a"]),
    )
    assert dict(run.checkpoints.values_list("path", "removed")) == {"checkpoints/a": True, "checkpoints/b": False}


def test_checkpoints_that_a_better_one_displaced_are_marked(run, stream):
    best = events.RankedCheckpoint(iteration=2, step=4, path="checkpoints/b", mean=0.5)
    stream.store(
        events.Checkpoint(iteration=1, step=2, path="checkpoints/a", num_bytes=1),
        events.Checkpoint(iteration=2, step=4, path="checkpoints/b", num_bytes=1),
        events.Best(
            iteration=2, step=4, prompt_set="set", score="tifa", checkpoints=[best], removed=["checkpoints/a"]
        ),
    )
    assert dict(run.checkpoints.values_list("path", "removed")) == {"checkpoints/a": True, "checkpoints/b": False}


def test_large_integers_of_latents_and_seeds_fit(run, stream):
    sample = events.Sample(index=0, path="x.png", prompt="p", seed=2**40, rewards={})
    stream.store(events.Samples(iteration=1, step=2, samples=[sample]))
    assert run.samples.get().seed == 2**40
    assert MetricPoint.objects.count() == 0


def test_what_a_batch_says_again_leaves_the_rest_of_it_whole(run, stream):
    stream.store(metrics(1, kl=1.0), metrics(2, kl=2.0))
    stream.store(metrics(2, kl=9.0, reward=0.5), metrics(3, kl=3.0))
    kept = run.points.order_by("iteration", "key").values_list("iteration", "key", "value")
    assert list(kept) == [(1, "kl", 1.0), (2, "kl", 2.0), (2, "reward", 0.5), (3, "kl", 3.0)]
    assert run.event_offset == 40


def test_points_go_with_their_run(run, stream):
    stream.store(metrics(1), metrics(2))
    stream.lose()
    stream.take_up()
    stream.store(metrics(3))
    run.delete()
    assert (MetricPoint.objects.count(), Attempt.objects.count()) == (0, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "say",
    [
        lambda run, lease: lifecycle.request_cancel(run),
        lambda run, lease: lifecycle.finish(lease),
        lambda run, lease: lifecycle.hand_back(lease),
        lambda run, lease: lifecycle.abandon(Attempt.objects.get(id=lease.attempt_id), "Gone."),
        lambda run, lease: ingest.store(
            lease,
            Attempt.objects.get(id=lease.attempt_id),
            ingest.Batch([events.Log(level="info", message="said by the engine")], 0, 10),
        ),
    ],
    ids=["cancel", "finish", "hand back", "abandon", "store"],
)
def test_who_writes_a_line_holds_the_run(run, say):
    lease = lifecycle.claim(run.id, "worker")
    last = run.log_lines.last().id
    with transaction.atomic():
        say(Run.objects.get(id=run.id), lease)
        assert run.log_lines.last().id > last
        assert not run_is_free(run)
    assert run_is_free(run)


def run_is_free(run) -> bool:
    """Whether another connection could take the run's row now."""
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT 1 FROM runs_run WHERE id = %s FOR UPDATE SKIP LOCKED", [run.id])
            return cursor.fetchone() is not None
    finally:
        other.close()


def test_how_far_an_attempt_came_is_kept(run, stream):
    stream.store(events.Log(level="info", message="It loads."))
    assert run.attempts.get().reached is None
    stream.store(metrics(1), metrics(2))
    stream.lose()
    stream.take_up()
    stream.store(events.Resumed(iteration=1, step=2, checkpoint="checkpoints/step-000002"), metrics(2), metrics(3))
    assert [(attempt.reached, attempt.num_void) for attempt in run.attempts.all()] == [(2, 1), (3, 0)]


def test_the_best_checkpoints_have_their_place_until_others_are_better(run, stream):
    def checkpoint(iteration: int) -> events.Checkpoint:
        return events.Checkpoint(iteration=iteration, step=2 * iteration, path=f"checkpoints/{iteration}", num_bytes=1)

    def best(*ranked: tuple[int, float]) -> events.Best:
        rows = [
            events.RankedCheckpoint(iteration=at, step=2 * at, path=f"checkpoints/{at}", mean=mean)
            for at, mean in ranked
        ]
        return events.Best(iteration=3, step=6, prompt_set="p", score="a", checkpoints=rows)

    stream.store(checkpoint(1), checkpoint(2), best((2, 0.6), (1, 0.5)))
    stream.lose()
    stream.take_up()
    # Written anew by a later attempt: the row of the earlier one is void.
    stream.store(events.Resumed(iteration=1, step=2, checkpoint="checkpoints/1"), checkpoint(2), checkpoint(3))
    stream.store(best((3, 0.7), (2, 0.6)))
    places = run.checkpoints.order_by("attempt__number", "iteration").values_list("iteration", "place", "ranked_mean")
    assert list(places) == [(1, None, None), (2, None, None), (2, 2, 0.6), (3, 1, 0.7)]
    assert set(run.checkpoints.exclude(place=None).values_list("ranked_by", flat=True)) == {"a on p"}
