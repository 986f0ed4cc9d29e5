import pytest
from pydantic import ValidationError

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config_errors import explain


def rejected(fields) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        RunConfig.model_validate(fields)
    return explain(caught.value)


def test_the_defaults_are_valid():
    RunConfig()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rollout": {"group_size": 1}}, "rollout.group_size = 1: give at least 2."),
        ({"optimizer": {"lr": 0}}, "optimizer.lr = 0: give more than 0.0."),
        ({"optimizer": {"beta1": 1}}, "optimizer.beta1 = 1: give less than 1.0."),
        ({"model": {"resolution": 65}}, "model.resolution = 65: give a multiple of 8."),
        ({"seed": "abc"}, "seed = 'abc': input should be a valid integer, unable to parse string as an integer."),
        ({"model": {"dtype": "int8"}}, "model.dtype = 'int8': choose 'float32', 'bfloat16' or 'float16'."),
        (
            {"rollout": {"group_siz": 4}},
            "rollout.group_siz = 4: there is no such field; did you mean group_size?",
        ),
        ({"ema": {"x": 4}}, "ema.x = 4: there is no such field; known here: decay, every, schedule."),
        (
            {"trust_region": {"name": "ratio_clip", "clip": 0.1}},
            "trust_region.clip = 0.1: there is no such field; did you mean clip_range?",
        ),
        (
            {"trust_region": {"name": "divergence_mask", "threshold": {"value": -1}}},
            "trust_region.threshold.value = -1: give more than 0.0.",
        ),
        (
            {"trust_region": {"name": "clipping"}},
            "trust_region.name = 'clipping': choose 'divergence_mask', 'predictive_mask', 'ratio_clip', "
            "'ratio_norm_clip', 'kl_penalty', 'adaptive_clip', 'none'.",
        ),
        ({"rewards": [{"name": "sandbox_soft_tifa", "aggregation": "max"}]},
         "rewards.0.aggregation = 'max': choose 'am' or 'gm'."),
        ({"rewards": [{"weight": 1}]}, "rewards.0 = {'weight': 1}: it needs a `name`."),
        ({"rewards": []}, "rewards = []: give at least 1."),
        (
            {"trust_region": {"threshold": {"value": 2, "scale": "tv"}, "name": "divergence_mask"}},
            "trust_region.threshold: value = 2.0 is no total variation: give a number below 1, or scale: nats.",
        ),
    ],
)  # fmt: skip
def test_each_wrong_field_is_told_with_its_value_and_remedy(fields, message):
    assert rejected(fields) == [message]


def test_everything_wrong_is_told_at_once():
    assert len(rejected({"seed": -1, "iterations": 0, "lora": {"rank": 0}})) == 3


def test_every_knob_has_help():
    def knobs(schema, definitions):
        for name, field in schema["properties"].items():
            target = field.get("$ref")
            if target:
                yield from knobs(definitions[target.rsplit("/", 1)[1]], definitions)
            else:
                yield name, field

    schema = RunConfig.model_json_schema()
    skipped = {"name", "stochastic_steps", "objective", "trust_region"}
    for name, field in knobs(schema, schema["$defs"]):
        assert name in skipped or field.get("description"), name
