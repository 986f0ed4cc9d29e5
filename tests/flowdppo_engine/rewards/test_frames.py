import pytest
import torch

from flowdppo_engine.config import FramesConfig, RunConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward, RewardError
from flowdppo_engine.rewards.frames import FrameWise, choose_frames
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.rewards.suite import RewardSuite

PROMPTS = [Prompt("a"), Prompt("b")]
# Two videos of five frames; each frame is of one grey.
GREYS = torch.tensor([[0.1, 0.9, 0.5, 0.2, 0.8], [0.7, 0.6, 0.3, 0.4, 1.0]])
VIDEOS = GREYS[:, :, None, None, None].expand(2, 5, 3, 8, 8)


class Grey(Reward):
    """The mean grey, with its distance from white beside it; keeps the prompts that it was given."""

    name = "grey"
    score_range = (0.0, 1.0)

    def measure(self, images, prompts):
        self.prompts = [prompt.text for prompt in prompts]
        values = images.mean(dim=(1, 2, 3))
        return Measurement(values, {"grey": values, "grey_darkness": 1 - values})


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [
        (81, 4, [0, 27, 53, 80]),
        (5, 3, [0, 2, 4]),
        (5, 2, [0, 4]),
        (5, 1, [2]),
        (3, 3, [0, 1, 2]),
        (3, 8, [0, 1, 2]),
        (1, 4, [0]),
    ],
)
def test_frames_are_spread_evenly_with_both_ends(total, count, expected):
    assert choose_frames(total, count) == expected


def test_a_video_scores_the_mean_of_its_chosen_frames():
    reward = Grey()
    measured = FrameWise(reward, FramesConfig(num_frames=3)).measure(VIDEOS, PROMPTS)
    assert measured.reward.tolist() == pytest.approx([(0.1 + 0.5 + 0.8) / 3, (0.7 + 0.3 + 1.0) / 3])
    assert measured.scores["grey_darkness"].tolist() == pytest.approx((1 - measured.reward).tolist())
    assert reward.prompts == ["a", "a", "a", "b", "b", "b"]


def test_or_every_number_of_its_worst_frame():
    measured = FrameWise(Grey(), FramesConfig(num_frames=5, aggregation="min")).measure(VIDEOS, PROMPTS)
    assert measured.reward.tolist() == pytest.approx([0.1, 0.3])
    assert measured.scores["grey_darkness"].tolist() == pytest.approx([0.9, 0.7])


def test_a_single_image_is_scored_as_it_is():
    measured = FrameWise(Grey(), FramesConfig()).measure(VIDEOS[:, 1], PROMPTS)
    assert measured.reward.tolist() == pytest.approx([0.9, 0.6])


def test_an_image_reward_refuses_a_video():
    with pytest.raises(RewardError, match="reward grey scores single images, but the model draws videos"):
        RewardSuite({Grey(): 1.0}).measure(VIDEOS, PROMPTS)


VIDEO_MODEL = {
    "family": "wan",
    "source": "Wan-AI/Wan2.1-T2V-1.3B-Diffusers",
    "num_frames": 5,
    "max_sequence_length": 256,
}


def config(**reward) -> RunConfig:
    return RunConfig.model_validate({"model": VIDEO_MODEL, "rewards": [reward]})


def test_a_run_of_videos_scores_them_frame_by_frame():
    frames = {"num_frames": 2, "aggregation": "min"}
    suite = make_reward_suite(config(name="jpeg_incompressibility", frames=frames), torch.device("cpu"))
    noisy = torch.rand(2, 5, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    noisy[0, 4] = 0.5
    frame_suite = make_reward_suite(RunConfig(rewards=[{"name": "jpeg_incompressibility"}]), torch.device("cpu"))
    by_frame = frame_suite.measure(noisy.flatten(0, 1), [PROMPTS[0]] * 10).rewards["jpeg_incompressibility"].view(2, 5)
    expected = torch.stack([by_frame[:, 0], by_frame[:, 4]]).amin(0)
    assert torch.equal(suite.measure(noisy, PROMPTS).rewards["jpeg_incompressibility"], expected)
    assert expected[0] < by_frame[0, 0]


def test_a_reward_that_knows_no_videos_is_refused_before_any_is_drawn():
    with pytest.raises(BadConfig, match="sandbox_picture_quality scores single images, but the model draws videos"):
        make_reward_suite(config(name="sandbox_picture_quality", weight=1), torch.device("cpu"))
