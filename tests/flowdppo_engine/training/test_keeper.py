"""A run's checkpoints, its evaluations given: whichever are kept, and also where it is killed between two acts."""

import pytest

from flowdppo_engine.config import CheckpointConfig
from flowdppo_engine.events import Evaluation, EventWriter, Resumed, Score, parse_event
from flowdppo_engine.training import checkpoints, run
from flowdppo_engine.training.best import BestScore
from flowdppo_engine.training.history import History
from flowdppo_engine.training.keeper import CheckpointKeeper
from flowdppo_engine.training.reporting import Reporter
from flowdppo_engine.training.state import Position
from tests.flowdppo_engine.brightness import brightness_suite

MEANS = {1: 0.2, 2: 0.9, 3: 0.4, 4: 0.8, 5: 0.1, 6: 0.3}


class State:
    position = Position()

    def save(self, folder):
        (folder / "position.json").write_text(str(self.position))


class Killed(Exception):
    pass


class Attempt:
    """One process's life over the iterations after the last whole checkpoint, up to the `last` event but one."""

    def __init__(self, folder, keep_last, keep_best, killed_after=10**6):
        self._events_left = killed_after
        self.reporter = Reporter(EventWriter(folder), History.read(folder), [self._count])
        self.state = State()
        config = CheckpointConfig(keep_last=keep_last, keep_best=keep_best)
        best = BestScore("quality", "set", higher_is_better=True) if keep_best else None
        self.keeper = CheckpointKeeper(config, folder, self.state, self.reporter, best)
        latest = checkpoints.find_latest_valid(folder).folder
        self._first = int(latest.name[5:]) // 2 if latest else 0

    def run(self):
        if self.reporter.history.checkpoints:
            self.reporter.emit(Resumed(iteration=self._first, step=2 * self._first, checkpoint="some"))
        for iteration in range(self._first, max(MEANS) + 1):
            self.state.position = Position(iteration=iteration, step=2 * iteration)
            self.keeper.write()
            self._evaluate(iteration)
            self.keeper.rank()

    def _evaluate(self, iteration):
        if (iteration, "set") in self.reporter.history.evaluations:
            return
        mean = MEANS.get(iteration, 0.95)
        score = Score(mean=mean, low=mean, high=mean, per_prompt=[mean])
        self.reporter.emit(
            Evaluation(
                iteration=iteration, step=2 * iteration, prompt_set="set", num_prompts=1,
                scores={"quality": score}, difference={},
            )
        )  # fmt: skip

    def _count(self, event):
        self._events_left -= 1
        if not self._events_left:
            raise Killed


def kept(folder):
    return [int(path.name[5:]) // 2 for path in checkpoints.list_checkpoints(folder)]


def read(folder, kind):
    return [event for line in (folder / "events.jsonl").open() if (event := parse_event(line)).type == kind]


@pytest.mark.parametrize(
    ("keep_last", "keep_best", "expected"),
    [(1, 0, [6]), (3, 0, [4, 5, 6]), (1, 1, [2, 6]), (2, 2, [2, 4, 5, 6]), (1, 3, [2, 3, 4, 6]), (6, 2, list(MEANS))],
)
def test_the_last_and_the_best_are_kept(tmp_path, keep_last, keep_best, expected):
    Attempt(tmp_path, keep_last, keep_best).run()
    assert kept(tmp_path) == expected


def test_the_best_are_told_as_they_change(tmp_path):
    Attempt(tmp_path, 1, 2).run()
    told = {event.iteration: event for event in read(tmp_path, "best")}
    assert {iteration: [place.iteration for place in event.checkpoints] for iteration, event in told.items()} == {
        1: [1], 2: [2, 1], 3: [2, 3], 4: [2, 4], 5: [2, 4], 6: [2, 4],
    }  # fmt: skip
    assert told[4].score == "quality" and told[4].prompt_set == "set"
    assert [(place.path, place.mean) for place in told[4].checkpoints] == [
        ("checkpoints/step-000004", 0.9), ("checkpoints/step-000008", 0.8),
    ]  # fmt: skip


def test_what_is_told_to_be_removed_is_what_is_gone(tmp_path):
    Attempt(tmp_path, 1, 2).run()
    written = {event.path for event in read(tmp_path, "checkpoint")}
    removed = [path for kind in ("checkpoint", "best") for event in read(tmp_path, kind) for path in event.removed]
    assert len(removed) == len(set(removed))
    assert written - set(removed) == {f"checkpoints/{path.name}" for path in checkpoints.list_checkpoints(tmp_path)}


def test_a_score_that_no_reward_logs_ends_the_run_before_it_trains(make_config, tmp_path):
    config = make_config(checkpoint={"keep_best": 1, "best_score": "sandbox_picture_quality_red"})
    assert run.train(config, tmp_path / "run", rewards=brightness_suite()) == 2
    (failed,) = read(tmp_path / "run", "failed")
    assert "checkpoint.best_score = 'sandbox_picture_quality_red' is no score of this run" in failed.error
    assert "give one of brightness" in failed.error and failed.deterministic
    assert read(tmp_path / "run", "metrics") == []


@pytest.mark.parametrize("killed_after", range(1, 20))
def test_a_run_killed_after_any_event_keeps_the_same(tmp_path, killed_after):
    with pytest.raises(Killed):
        Attempt(tmp_path, 1, 2, killed_after).run()
    Attempt(tmp_path, 1, 2).run()
    assert kept(tmp_path) == [2, 4, 6]
    assert [event.iteration for event in read(tmp_path, "best")] == list(MEANS)


@pytest.mark.parametrize("killed_at", range(1, 5))
def test_a_run_killed_while_pruning_keeps_the_same(tmp_path, monkeypatch, killed_at):
    calls = []

    def remove(folder):
        calls.append(folder)
        if len(calls) == killed_at:
            raise Killed
        original(folder)

    original = checkpoints.remove
    monkeypatch.setattr(checkpoints, "remove", remove)
    with pytest.raises(Killed):
        Attempt(tmp_path, 1, 1).run()
    Attempt(tmp_path, 1, 1).run()
    assert kept(tmp_path) == [2, 6]
    removed = [path for kind in ("checkpoint", "best") for event in read(tmp_path, kind) for path in event.removed]
    assert len(removed) == len(set(removed)) == 4
