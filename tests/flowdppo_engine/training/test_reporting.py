import pytest

from flowdppo_engine.events import EventWriter, Log, parse_event
from flowdppo_engine.training.history import History
from flowdppo_engine.training.reporting import Progress, Reporter, TimeLeft


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def reporter(tmp_path):
    writer = EventWriter(tmp_path)
    yield Reporter(writer, History())
    writer.close()


def read(folder):
    return [parse_event(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def test_listeners_get_what_the_stream_gets(tmp_path):
    heard = []
    reporter = Reporter(EventWriter(tmp_path), History(), [heard.append])
    reporter.log("info", "hello")
    assert heard == [Log(level="info", message="hello")]
    assert [(event.type, event.seq, event.message) for event in read(tmp_path)] == [("log", 1, "hello")]


def test_phases_are_told_once_a_second_and_at_each_change(tmp_path, reporter):
    clock = Clock()
    progress = Progress(reporter, TimeLeft(10, 5), clock)
    for clock.now, phase, done in [(0, "train", 0), (0.5, "train", 1), (1.0, "train", 2), (1.2, "evaluate", 0)]:
        progress.tell(phase, done, 10, "iterations")
    assert [(event.phase, event.done) for event in read(tmp_path)] == [("train", 0), ("train", 2), ("evaluate", 0)]


def test_time_left_counts_iterations_and_evaluations():
    left = TimeLeft(num_iterations=10, evaluate_every=4)
    assert left.after(0) is None
    left.add_iteration(2.0)
    left.add_evaluation(5.0)
    assert left.after(0) == 10 * 2 + 3 * 5
    assert left.after(4) == 6 * 2 + 2 * 5
    assert left.after(10) == 0


def test_time_left_follows_the_pace():
    left = TimeLeft(100, 1000)
    for seconds in [10.0] + [1.0] * 20:
        left.add_iteration(seconds)
    assert left.after(90) == pytest.approx(10, rel=0.15)
