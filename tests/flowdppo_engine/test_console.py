import io

import pytest
from rich.console import Console

from flowdppo_engine.console import LiveBar, PlainLines, describe_metrics, format_seconds
from flowdppo_engine.events import (
    Best,
    Checkpoint,
    Difference,
    Evaluation,
    Failed,
    Finished,
    Log,
    Metrics,
    Phase,
    RankedCheckpoint,
    Resumed,
    Score,
    Started,
)

VALUES = {"reward/mean": 0.5, "kl/reference_nats": 0.0123, "time/images_per_second": 41.6}
SCORE = Score(mean=0.25, low=0.2, high=0.3, per_prompt=[0.25])
EVENTS = [
    Phase(phase="load", done=0, total=1, unit="models"),
    Started(total_iterations=9, num_latent_dims=256, num_trainable_parameters=12345, engine_version="0"),
    Phase(phase="train", done=0, total=9, unit="iterations", seconds_left=130),
    Metrics(iteration=1, step=2, values=VALUES),
    Phase(phase="train", done=1, total=9, unit="iterations", seconds_left=120),
    Evaluation(
        iteration=1, step=2, prompt_set="sandbox:in_domain", num_prompts=1, scores={"tifa": SCORE},
        difference={"tifa": Difference(mean=0.1, low=0.0, high=0.2)},
    ),
    Checkpoint(iteration=1, step=2, path="checkpoints/step-000002", num_bytes=3 * 2**20),
    Resumed(iteration=1, step=2, checkpoint=None),
    Best(
        iteration=1, step=2, prompt_set="sandbox:in_domain", score="tifa",
        checkpoints=[RankedCheckpoint(iteration=1, step=2, path="checkpoints/step-000002", mean=0.25)],
    ),
    Log(level="warning", message="the [floor] is high"),
    Finished(iteration=1, step=2, stopped=True),
    Failed(error="OSError: full", traceback="Traceback\n", hint="Free some space.", deterministic=False),
]  # fmt: skip


def told(listener_class, terminal: bool) -> str:
    out = io.StringIO()
    with listener_class(Console(file=out, force_terminal=terminal, width=200)) as listener:
        for event in EVENTS:
            listener(event)
    return out.getvalue()


def test_plain_lines_tell_each_event_once():
    lines = told(PlainLines, terminal=False).splitlines()
    assert lines == [
        "Loading …",
        "Started: 12,345 trainable parameters.",
        "Training …",
        "iteration 1, reward 0.5000, KL to base 0.0123 nats a step, 42 images/s, 2 min left",
        "Evaluation on sandbox:in_domain (1 prompts): tifa 0.2500 (+0.1000)",
        "Checkpoint checkpoints/step-000002, 3.0 MiB.",
        "Resumed after iteration 1 from the base model.",
        "Best by tifa on sandbox:in_domain: step-000002 (0.2500)",
        "warning: the [floor] is high",
        "Stopped after iteration 1.",
        "Failed: OSError: full",
        "Traceback",
        "Free some space.",
    ]


def test_live_bar_shows_the_state_and_scrolls_the_rest():
    text = told(LiveBar, terminal=True)
    assert "Training" in text and "reward 0.5000" in text and "2 min left" in text
    assert "Checkpoint checkpoints/step-000002" in text and "warning: the [floor] is high" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (89, "89 s"), (90, "2 min"), (3600, "60 min"), (7500, "2 h 05 min")]
)
def test_seconds_in_words(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"kl/reference_nats": 0.5}, "reward 0.5000, KL to base 0.5 nats a step, 42 images/s"),
        ({"velocity/reference_distance": 0.0123}, "reward 0.5000, distance to base 0.0123, 42 images/s"),
        ({}, "reward 0.5000, 42 images/s"),
    ],
)
def test_an_iteration_is_told_with_whatever_distance_it_has(values, line):
    common = {"reward/mean": 0.5, "time/images_per_second": 41.6}
    assert describe_metrics(Metrics(iteration=1, step=2, values=common | values)) == line
