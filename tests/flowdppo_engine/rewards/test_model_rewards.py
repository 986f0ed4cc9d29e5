import subprocess
import sys
from typing import get_args

import pytest
import torch
from safetensors.torch import save_file

from flowdppo_engine.config import RewardConfig, RewardModelOptions, RunConfig
from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.rewards.model_rewards import MODEL_REWARDS
from flowdppo_engine.rewards.registry import make_reward_suite
from tests.flowdppo_engine.rewards.tiny_networks import EMBEDDING, make_images

PROMPTS = [Prompt(text, (Question("Is it there?", "Yes"),), ("object",), 1) for text in ("a cat", "two dogs")]


@pytest.fixture
def make_suite(clip_folder, qwen3_vl_folder, tmp_path):
    """Three networks in one run, beside each other."""
    sizes = {0: (EMBEDDING, 8), 2: (8, 8), 4: (8, 8), 6: (8, 8), 7: (8, 1)}
    head = {f"layers.{i}.weight": torch.randn(outputs, inputs) for i, (inputs, outputs) in sizes.items()}
    save_file(
        head | {f"layers.{i}.bias": torch.zeros(n) for i, (_, n) in sizes.items()}, tmp_path / "model.safetensors"
    )
    rewards = [
        {"name": "clip_score", "source": str(clip_folder), "weight": 0.5},
        {"name": "aesthetic", "source": str(tmp_path), "clip_source": str(clip_folder), "overlap": True},
        {"name": "geneval2", "source": str(qwen3_vl_folder), "dtype": "float32", "label": "vqa"},
    ]

    def make(**model):
        config = RunConfig.model_validate({"rewards": rewards, "model": model})
        return make_reward_suite(config, torch.device("cpu"))

    return make


def test_each_kind_of_the_configuration_has_its_class():
    kinds = [kind for kind in get_args(get_args(RewardConfig)[0]) if issubclass(kind, RewardModelOptions)]
    assert {kind.model_fields["name"].default for kind in kinds} == set(MODEL_REWARDS)


def test_a_run_scores_by_all_of_them(make_suite):
    suite = make_suite()
    assert suite.weights == {"clip_score": 0.5, "aesthetic": 1.0, "vqa": 1.0}
    scored = suite.measure(make_images(2), PROMPTS)
    assert set(scored.rewards) == {"clip_score", "aesthetic", "vqa"}
    assert all(values.isfinite().all() and values[0] != values[1] for values in scored.rewards.values())
    assert scored.scores["vqa_skill_object"].tolist() == pytest.approx((100 * scored.rewards["vqa"]).tolist())


def test_a_video_is_scored_by_its_frames(make_suite):
    suite = make_suite(family="wan", source="wan", num_frames=5, max_sequence_length=256)
    video = make_images(10).unflatten(0, (2, 5))
    scored = suite.measure(video, PROMPTS)
    each = [suite.measure(video[:, frame], PROMPTS).rewards for frame in (0, 1, 3, 4)]
    for name, values in scored.rewards.items():
        mean = torch.stack([rewards[name] for rewards in each]).mean(0)
        assert values.tolist() == pytest.approx(mean.tolist(), abs=1e-5)


def test_a_run_without_them_loads_none_of_their_libraries():
    code = """if True:
        import sys
        from flowdppo_engine.config import JpegCompressibility
        from flowdppo_engine.rewards.registry import make_reward

        make_reward(JpegCompressibility())
        print([name for name in ("rapidocr", "cv2", "onnxruntime", "transformers") if name in sys.modules])
    """
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
