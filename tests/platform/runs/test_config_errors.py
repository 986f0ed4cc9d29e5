"""Every kind of mistake, at its field, with the value and the remedy."""

import pytest

from flowdppo_engine.config import RunConfig
from runs.config_errors import ConfigInvalid, check_config
from runs.config_texts import data_of, texts_of


def errors_of(**changes: str | list[str]) -> dict[str, list[str]]:
    """The errors of the default configuration with these texts changed; `__` stands for a dot."""
    texts = texts_of(RunConfig().model_dump(mode="json"))
    for path, text in changes.items():
        texts[path.replace("__", ".")] = text if isinstance(text, list) else [text]
    with pytest.raises(ConfigInvalid) as caught:
        check_config(data_of(texts))
    return caught.value.errors


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("lora.rank", "many", "“many” does not fit: give a whole number from 1 to 512."),
        ("lora.rank", "1.5", "“1.5” does not fit: give a whole number from 1 to 512."),
        ("lora.rank", "0", "“0” does not fit: give a whole number from 1 to 512."),
        ("lora.rank", "", "Empty: give a whole number from 1 to 512."),
        ("lora.alpha", "0", "“0” does not fit: give a number above 0."),
        ("lora.alpha", "nan", "“nan” does not fit: give a number above 0."),
        ("lora.alpha", "inf", "“inf” does not fit: give a number above 0."),
        ("ema.decay", "1", "“1” does not fit: give a number of at least 0 and below 1."),
        ("model.resolution", "70", "“70” does not fit: give a whole number from 16 to 2048 and divisible by 8."),
        ("model.dtype", "int8", "“int8” is not in the list: choose float32 or bfloat16 or float16."),
        ("model.source", " ", "Empty: give a text."),
        ("tracking.trackers", ["visdom"], "“visdom” is not in the list: choose tensorboard or wandb or trackio."),
        ("update.guidance_scale", "0.5", "“0.5” does not fit: give a number from 1 to 30."),
        ("trust_region.divergence_mask.threshold.value", "x", "“x” does not fit: give a number above 0."),
        ("rewards.sandbox_soft_tifa.weight", "inf", "“inf” does not fit: give a number."),
        ("rewards.sandbox_soft_tifa.aggregation", "max", "“max” is not in the list: choose am or gm."),
        ("seed", "1" * 5000, f"“{'1' * 40}…” does not fit: give a whole number from 0 to 2147483647."),
    ],
)
def test_a_wrong_value_is_named_at_its_field(path, text, message):
    assert errors_of(**{path: text}) == {path: [message]}


def test_all_wrong_values_are_named_at_once():
    errors = errors_of(seed="-1", lora__rank="0", optimizer__lr="fast")
    assert set(errors) == {"seed", "lora.rank", "optimizer.lr"}


def test_a_union_wants_a_choice():
    assert errors_of(rewards=[]) == {"rewards": ["Choose at least one."]}
    assert errors_of(trust_region="magic") == {"trust_region": ["Choose one of the list."]}
    assert errors_of(trust_region=[]) == {"trust_region": ["Choose one of the list."]}


def test_a_combination_is_named_at_the_top_and_at_its_field():
    message = "rollout.dynamics.noise_level = 1.5 is past the end of CPS: give at most 1."
    errors = errors_of(rollout__dynamics__name="cps", rollout__dynamics__noise_level="1.5")
    assert errors == {"": [message], "rollout.dynamics.noise_level": [message]}


def test_several_combinations_are_told_apart():
    errors = errors_of(
        rollout__dynamics__name="ode",
        rollout__num_denoising_steps="2",
        rewards__sandbox_soft_tifa__weight="0",
        update__optimizer_steps_per_rollout="10000",
    )
    assert len(errors.pop("")) == 4
    places = ["rollout.dynamics.name", "rollout.stochastic_steps", "rewards", "update.optimizer_steps_per_rollout"]
    assert list(errors) == places
    assert all(len(messages) == 1 and messages[0].startswith(path) for path, messages in errors.items())


def test_a_check_within_a_block_is_named_at_the_block_and_the_field():
    path = "trust_region.divergence_mask.threshold"
    message = "value = 3.0 is no total variation: give a number below 1, or scale: nats."
    errors = errors_of(**{f"{path}.scale": "tv", f"{path}.value": "3"})
    assert errors == {path: [message], f"{path}.value": [message]}


@pytest.mark.parametrize("path", ["prompts.train", "evaluation.prompt_sets"])
def test_a_prompt_set_that_is_not_there_is_named_at_its_field(path, tmp_path, settings):
    settings.PROMPTS_DIR = tmp_path
    missing = errors_of(**{path: "sandbox:nothing"})
    assert missing[path][0].startswith("Prompt set 'sandbox:nothing' was not found: the sandbox has sandbox:")
    assert list(errors_of(**{path: str(tmp_path / "set.jsonl")})) == [path]
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    assert errors_of(**{path: str(empty)}) == {path: [f"Prompt set '{empty}' is empty: give it at least one prompt."]}
    assert list(errors_of(**{path: "x" * 5000 + ".jsonl"})) == [path]


def test_a_good_configuration_passes():
    config = RunConfig()
    assert check_config(config.model_dump(mode="json")) == config


def test_an_unknown_field_is_named():
    with pytest.raises(ConfigInvalid) as caught:
        check_config({"lora": {"rnak": 3}})
    assert caught.value.errors == {"lora.rnak": ["There is no knob lora.rnak: remove it."]}
