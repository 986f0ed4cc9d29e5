"""docs/metrics.md has each metric that a run emits, and no other."""

import re
from pathlib import Path

import pytest

from flowdppo_engine.events import parse_event
from flowdppo_engine.recipes import merge
from flowdppo_engine.training import run
from tests.flowdppo_engine.brightness import brightness_suite

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
SHORT = {"iterations": 1, "evaluation": {"every": 1, "prompt_sets": []}, "samples": {"every": 9, "num_prompts": 1}}
VARIANTS = {
    "kl_penalty": {"trust_region": {"name": "kl_penalty"}, "reference": {"beta": 0.1}},
    "adaptive_clip": {"trust_region": {"name": "adaptive_clip"}},
    "diffusion_nft": {
        "objective": {"name": "diffusion_nft"},
        "rollout": {"dynamics": {"name": "ode"}},
        "trust_region": {"name": "none"},
        "reference": {"measure": "velocity", "beta": 0.1},
    },
}


@pytest.fixture(scope="module")
def documented() -> set[str]:
    names = re.findall(r"^\| `([^`]+)` \|", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert len(names) == len(set(names))
    return {name.replace("NAME", "brightness") for name in names}


def test_every_metric_has_its_line_and_every_line_its_metric(documented, make_config, make_model, tmp_path):
    emitted = set()
    for name, changes in VARIANTS.items():
        config = make_config(**merge(SHORT, changes))
        assert run.train(config, tmp_path / name, model=make_model(), rewards=brightness_suite()) == 0
        events = map(parse_event, (tmp_path / name / "events.jsonl").read_bytes().splitlines())
        emitted.update(*(event.values for event in events if event.type == "metrics"))
    assert emitted == documented
