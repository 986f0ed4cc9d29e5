import math

import pytest
import torch
from safetensors.torch import load_file

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.events import parse_event
from flowdppo_engine.rewards.base import Measurement
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training import run
from tests.flowdppo_engine.brightness import Brightness, brightness_suite

METRICS = {
    *("reward/mean", "reward/std", "reward/zero_groups", "reward/brightness"),
    *("ratio/mean", "ratio/std", "ratio/min", "ratio/max"),
    *("kl/old_mean", "kl/old_max", "kl/old_nats", "kl/reference_mean", "kl/reference_nats", "tv/old_mean"),
    *("mask/masked_fraction", "mask/masked_positive_fraction", "mask/masked_negative_fraction"),
    *("loss/policy", "optim/grad_norm", "optim/lr", "optim/skipped_steps"),
    *("time/rollout_seconds", "time/reward_seconds", "time/update_seconds", "time/images_per_second"),
}


def read_events(folder, *kinds):
    events = [parse_event(line) for line in (folder / "events.jsonl").read_bytes().splitlines()]
    return [event for event in events if not kinds or event.type in kinds]


def train(config, folder, **options):
    options.setdefault("rewards", brightness_suite())
    return run.train(config, folder, **options)


def test_brighter_pictures_are_learned_with_a_trivial_reward(make_config, tmp_path):
    config = make_config(
        iterations=12,
        rollout={"group_size": 8},
        optimizer={"lr": 2e-2},
        trust_region={"name": "none"},
        evaluation={"every": 12, "num_prompts": 6},
        checkpoint={"every": 12},
        samples={"every": 12},
    )
    assert train(config, tmp_path / "run") == 0
    last = read_events(tmp_path / "run", "evaluation")[-1]
    assert last.iteration == 12 and last.difference["brightness"].low > 0
    metrics = read_events(tmp_path / "run", "metrics")
    assert metrics[-1].values["kl/reference_mean"] > metrics[0].values["kl/reference_mean"]


def test_only_the_lora_changes(make_config, tiny_model, tmp_path):
    before = {name: tensor.clone() for name, tensor in tiny_model.transformer.state_dict().items()}
    assert train(make_config(iterations=2), tmp_path / "run", model=tiny_model) == 0
    after = tiny_model.transformer.state_dict()
    frozen = {name.replace(".base_layer", ""): tensor for name, tensor in after.items() if "lora_" not in name}
    assert frozen.keys() == before.keys()
    assert all(torch.equal(frozen[name], before[name]) for name in before)
    assert any((tensor != 0).any() for name, tensor in after.items() if "lora_B" in name)


def test_metrics_are_all_there(make_config, tmp_path):
    config = make_config(iterations=2)
    train(config, tmp_path / "run")
    first, second = (event.values for event in read_events(tmp_path / "run", "metrics"))
    assert set(first) == set(second) >= METRICS
    assert first["floor/ratio_deviation"] < 1e-5 and first["floor/kl_mean"] < 1e-9
    assert second["reward/mean"] == pytest.approx(second["reward/brightness"])
    assert second["kl/reference_nats"] == pytest.approx(second["kl/reference_mean"] * 256)


def test_the_log_has_the_threshold_in_all_three_scales(make_config, tmp_path):
    train(make_config(iterations=1), tmp_path / "run")
    message = read_events(tmp_path / "run", "log")[0].message
    assert "0.001 KL as a mean over 256 latent dimensions = 0.256 nats = total variation 0.279" in message


def test_same_seed_same_run_other_seed_other_run(make_config, tmp_path):
    def weights(name, seed):
        train(make_config(iterations=2, seed=seed), tmp_path / name)
        return load_file(tmp_path / name / "checkpoints" / "step-000004" / "pytorch_lora_weights.safetensors")

    one, again, other = weights("one", 1), weights("again", 1), weights("other", 2)
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("changes", [
    {"rollout": {"dynamics": {"name": "cps", "noise_level": 0.7}}, "trust_region": {"name": "ratio_clip"}},
    {"rollout": {"guidance_scale": 3, "shared_initial_noise": True, "stochastic_steps": {"name": "first_k", "k": 1}}},
    {"ema": {"decay": 0.0}, "update": {"inner_epochs": 2, "tile_steps": 2}, "advantage": {"std": "batch"}},
    {"model": {"dtype": "bfloat16"}, "rollout": {"schedule": "diffusers", "shift": 3.0}},
])  # fmt: skip
def test_every_knob_trains(make_config, tmp_path, changes):
    config = make_config(iterations=1, **changes)
    assert train(config, tmp_path / "run") == 0
    values = read_events(tmp_path / "run", "metrics")[0].values
    assert all(map(math.isfinite, values.values())) and values["optim/grad_norm"] > 0
    checkpoint = read_events(tmp_path / "run", "checkpoint")[0]
    assert checkpoint.step == config.update.optimizer_steps_per_rollout * config.update.inner_epochs


def test_a_folder_with_something_in_it_is_left_alone(make_config, tmp_path):
    (tmp_path / "thesis.txt").write_text("do not lose this")
    with pytest.raises(BadConfig, match="is not empty"):
        train(make_config(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


class Broken(Brightness):
    def measure(self, images, prompts):
        return Measurement(torch.full((len(prompts),), math.nan), {})


def test_a_reward_without_a_number_fails_the_run(make_config, tmp_path):
    assert train(make_config(), tmp_path / "run", rewards=RewardSuite({Broken(): 1.0})) == 1
    failed = read_events(tmp_path / "run")[-1]
    assert failed.type == "failed" and failed.deterministic
    assert "reward brightness gave nan" in failed.error and "rewards/suite.py" in failed.traceback


def test_prompts_that_lose_their_end_are_told(make_config, tmp_path):
    (tmp_path / "long.txt").write_text("a tree\na tree with a bird in it and a cat below\n")
    config = make_config(iterations=1, prompts={"train": str(tmp_path / "long.txt")})
    train(config, tmp_path / "run")
    warning = read_events(tmp_path / "run", "log")[0]
    assert warning.level == "warning" and "1 of 5 prompts are longer" in warning.message


def test_a_missing_prompt_set_is_a_bad_config(make_config, tmp_path):
    config = make_config(evaluation={"prompt_sets": ["sandbox:no_such_set"]})
    assert train(config, tmp_path / "run") == 2
    failed = read_events(tmp_path / "run")[-1]
    assert "evaluation.prompt_sets: prompt set 'sandbox:no_such_set' was not found" in failed.error


def test_a_missing_model_fails_for_good(make_config, tmp_path):
    assert train(make_config(model={"source": "/no/such/model"}), tmp_path / "run") == 1
    failed = read_events(tmp_path / "run")[-1]
    assert failed.type == "failed" and failed.deterministic and "/no/such/model" in failed.error


def test_a_finished_run_taken_up_is_finished_again(make_config, tmp_path):
    config = make_config(iterations=1)
    train(config, tmp_path / "run")
    assert run.resume(tmp_path / "run", rewards=brightness_suite()) == 0
    kinds = [event.type for event in read_events(tmp_path / "run") if event.type not in ("phase", "log")]
    assert kinds[-2:] == ["resumed", "finished"] and kinds.count("metrics") == 1


def test_config_is_kept_as_resolved(make_config, tmp_path):
    config = make_config(iterations=1)
    train(config, tmp_path / "run")
    assert run.read_config(tmp_path / "run" / "config.yaml") == config
