import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch

from flowdppo_engine.evaluation.policy import load_policy, score_policy
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.training import run
from flowdppo_engine.training.history import History
from tests.flowdppo_engine.brightness import brightness_suite


@pytest.fixture(scope="module")
def trained(tiny_folder, prompts_file, tmp_path_factory):
    from tests.flowdppo_engine.tiny_run import tiny_config

    folder = tmp_path_factory.mktemp("trained") / "run"
    config = tiny_config(
        *(tiny_folder, prompts_file),
        iterations=2,
        optimizer={"lr": 5e-2},
        evaluation={"every": 1},
        checkpoint={"every": 1, "keep_best": 2},
    )
    assert run.train(config, folder, rewards=brightness_suite()) == 0
    return folder


def draw(policy):
    from flowdppo_engine.evaluation.pictures import draw_pictures
    from flowdppo_engine.prompts import Prompt

    with TemporaryDirectory() as folder:
        store = ConditionStore.encode(policy.model.encode_prompts, ["a tree"], Path(folder))
    return draw_pictures(policy.config, policy.model, store, [Prompt("a tree")], [0])


def test_latest_checkpoint_is_taken_unless_named(trained):
    latest = load_policy(str(trained))
    assert latest.checkpoint.name == "step-000004"
    earlier = load_policy(str(trained), "step-000002")
    assert earlier.checkpoint.name == "step-000002"
    assert not torch.equal(draw(latest), draw(earlier))


def test_the_best_checkpoint_that_is_whole_is_taken(trained, tmp_path):
    best, other = History.read(trained).best[2].checkpoints
    assert best.mean >= other.mean
    assert load_policy(str(trained), "best").checkpoint == trained / best.path
    copy = shutil.copytree(trained, tmp_path / "copy")
    (copy / best.path / "manifest.json").unlink()
    assert load_policy(str(copy), "best").checkpoint == copy / other.path
    shutil.rmtree(copy / other.path)
    with pytest.raises(ValueError, match="--checkpoint best does not exist .* checkpoint.keep_best"):
        load_policy(str(copy), "best")


def test_averaged_weights_are_taken(trained):
    policy = load_policy(str(trained))
    averaged = [parameter.clone() for parameter in policy.model.trainable_parameters().values()]
    policy.model.load_lora(policy.checkpoint)
    raw = list(policy.model.trainable_parameters().values())
    assert not all(map(torch.equal, averaged, raw))
    policy.model.load_lora(policy.checkpoint / "ema")
    assert all(map(torch.equal, averaged, policy.model.trainable_parameters().values()))


def test_scores_are_those_of_the_runs_rewards(trained, prompts_file):
    scores = score_policy(load_policy(str(trained)), str(prompts_file))
    assert set(scores) == {"sandbox_picture_quality", "drift/kl_nats", "drift/velocity"}
    assert len(scores["sandbox_picture_quality"].per_prompt) == 4


def test_a_checkpoint_that_does_not_exist_is_named_with_those_that_do(trained):
    with pytest.raises(ValueError, match="--checkpoint step-000099 does not exist .* step-000002, step-000004"):
        load_policy(str(trained), "step-000099")


def test_a_folder_without_a_run_is_refused(tmp_path):
    with pytest.raises(ValueError, match="config.yaml cannot be read"):
        load_policy(str(tmp_path))
