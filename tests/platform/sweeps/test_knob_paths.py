"""Knobs by their paths: the command line's, and the form's."""

import pytest

from flowdppo_engine.config import RunConfig
from runs.knobs import Knob, Union
from sweeps.knob_paths import NoSuchKnob, all_knobs, find_knob
from tests.platform.lab import CONFIG


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("lora.rank", "lora.rank"),
        ("trust_region.threshold.value", "trust_region.threshold.value"),
        ("trust_region.divergence_mask.threshold.value", "trust_region.threshold.value"),
        ("rewards.1.weight", "rewards.1.weight"),
        ("rewards.sandbox_picture_quality.weight", "rewards.1.weight"),
        ("trust_region.clip_range", "trust_region.clip_range"),
        ("trust_region.ratio_clip.clip_range", "trust_region.clip_range"),
    ],
)
def test_a_knob_goes_by_its_path_in_the_configuration(path, found):
    named = find_knob(path, CONFIG)
    assert named.path == found and isinstance(named.node, Knob)


@pytest.mark.parametrize("path", ["trust_region", "trust_region.name"])
def test_a_choice_can_be_varied(path):
    named = find_knob(path, CONFIG)
    assert named.path == "trust_region" and isinstance(named.node, Union)


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("optimizer.rate", "There is no knob optimizer.rate"),
        ("lora.rnak", "did you mean lora.rank"),
        ("lora", "lora is a block: name one of its knobs."),
        ("rewards", "rewards is a block"),
        ("rewards.7.weight", "There is no knob"),
        ("rewards.http.weight", "There is no knob"),
        ("", "There is no knob"),
        ("lora.rank.deeper", "There is no knob"),
    ],
)
def test_what_is_no_knob_is_refused(path, message):
    with pytest.raises(NoSuchKnob, match=message):
        find_knob(path, CONFIG)


def test_every_knob_of_a_configuration_is_found_by_its_own_path():
    knobs = list(all_knobs(CONFIG))
    assert len(knobs) > 80
    for knob in knobs:
        assert find_knob(knob.path, CONFIG) == knob


def test_a_knob_has_a_short_name():
    labels = {path: find_knob(path, CONFIG).label for path in ("optimizer.lr", "ema.every", "trust_region")}
    assert labels == {"optimizer.lr": "Learning rate", "ema.every": "EMA every", "trust_region": "Trust region"}
    assert find_knob("trust_region.threshold.value", RunConfig().model_dump(mode="json")).label == "Threshold"
