import json

import pytest
import torch

from flowdppo_engine.config import PickScoreConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.registry import make_reward
from tests.flowdppo_engine.rewards.test_clip_score import TEXTS, by_transformers
from tests.flowdppo_engine.rewards.tiny_networks import as_pictures, make_images

PROMPTS = [Prompt(text) for text in TEXTS]


def config(folder, **changes):
    return PickScoreConfig(source=str(folder), processor_source=str(folder), **changes)


def test_it_is_the_logit_that_transformers_own_forward_gives(clip_folder):
    images = make_images(5)
    measured = make_reward(config(clip_folder)).measure(images, PROMPTS)
    logits, _ = by_transformers(clip_folder, as_pictures(images), TEXTS)
    assert measured.reward.tolist() == pytest.approx(logits, abs=1e-4)


def test_the_divisor_scales_the_reward_and_not_what_is_logged(clip_folder):
    images = make_images(5)
    published = make_reward(config(clip_folder)).measure(images, PROMPTS)
    divided = make_reward(config(clip_folder, divisor=26))
    measured = divided.measure(images, PROMPTS)
    assert torch.allclose(measured.reward * 26, published.reward)
    assert torch.equal(measured.scores["pick_score"], published.scores["pick_score"])
    low, high = divided.score_range
    assert low == -high and high == pytest.approx(torch.tensor(3.0).exp().item() / 26)


def test_the_preprocessing_comes_from_its_own_source(clip_folder, tmp_path):
    for file in clip_folder.iterdir():
        if "token" in file.name:
            (tmp_path / file.name).write_bytes(file.read_bytes())
    fields = json.loads((clip_folder / "preprocessor_config.json").read_text())
    (tmp_path / "preprocessor_config.json").write_text(json.dumps(fields | {"image_mean": [0.1, 0.2, 0.3]}))
    other = PickScoreConfig(source=str(clip_folder), processor_source=str(tmp_path))
    images = make_images(2)
    usual, changed = (make_reward(c).measure(images, PROMPTS[:2]).reward for c in (config(clip_folder), other))
    assert (usual - changed).abs().min() > 1e-3
