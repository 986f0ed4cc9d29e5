import pytest
import torch

from flowdppo_engine.evaluation.evaluator import Evaluator
from flowdppo_engine.evaluation.pictures import draw_pictures, save_samples
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.base import Measurement, Reward
from flowdppo_engine.rewards.suite import RewardSuite
from tests.flowdppo_engine.brightness import brightness_suite
from tests.flowdppo_engine.tiny_run import PROMPTS

SIX = [Prompt(text) for text in PROMPTS]


@pytest.fixture
def store(tiny_model, tmp_path):
    return ConditionStore.encode(tiny_model.encode_prompts, PROMPTS, tmp_path)


@pytest.fixture
def score(tiny_model, make_config, store):
    def score(prompts, **evaluation):
        config = make_config(evaluation=evaluation)
        return Evaluator(config, tiny_model, brightness_suite(), store).score(prompts)["brightness"]

    return score


def test_scores_do_not_depend_on_the_batch_or_on_how_many_prompts_follow(score):
    whole = score(SIX, batch_size=6)
    assert score(SIX, batch_size=4).per_prompt == pytest.approx(whole.per_prompt, abs=1e-4)
    assert score(SIX[:3], batch_size=6).per_prompt == pytest.approx(whole.per_prompt[:3], abs=1e-4)


def test_same_seed_same_scores(score):
    assert score(SIX, seed=1) == score(SIX, seed=1)
    assert score(SIX, seed=1) != score(SIX, seed=2)


def test_check_hears_how_many_images_are_done(tiny_model, make_config, store):
    heard = []
    config = make_config(evaluation={"batch_size": 4, "num_denoising_steps": 2})
    Evaluator(config, tiny_model, brightness_suite(), store).score(SIX, heard.append)
    assert heard == [0, 0, 4, 4, *[6] * 4]  # the drift comes last, two steps for each of two batches


def test_a_picture_depends_on_its_prompt_and_seed_alone(tiny_model, make_config, store):
    together = draw_pictures(make_config(), tiny_model, store, SIX[:2], [0, 1])
    alone = draw_pictures(make_config(), tiny_model, store, SIX[1:2], [1])
    assert together.shape == (4, 3, 16, 16)
    torch.testing.assert_close(together[3], alone[0], atol=1e-5, rtol=0)
    assert (together[0] - together[1]).abs().max() > 1e-2


def test_samples_tell_prompt_seed_path_and_scores(tmp_path):
    images = torch.stack([torch.full((3, 4, 4), value) for value in (0.1, 0.2, 0.3, 0.4)])
    samples = save_samples(tmp_path, "step-000040", images, brightness_suite(), SIX[:2], [0, 1])
    assert [(s.index, s.prompt, s.seed) for s in samples] == [
        (0, PROMPTS[0], 0), (1, PROMPTS[0], 1), (2, PROMPTS[1], 0), (3, PROMPTS[1], 1),
    ]  # fmt: skip
    assert samples[3].path == "samples/step-000040/0003.png" and (tmp_path / samples[3].path).is_file()
    assert [s.rewards["brightness"] for s in samples] == pytest.approx([0.1, 0.2, 0.3, 0.4])


class ByPrompt(Reward):
    """Scores each prompt by its number, and besides the later ones alone and none at all."""

    name = "number"
    score_range = (0.0, 5.0)

    def measure(self, images, prompts):
        numbers = torch.tensor([float(PROMPTS.index(prompt.text)) for prompt in prompts])
        later = torch.where(numbers >= 2, numbers, torch.nan)
        scores = {"number": numbers, "number_later": later, "number_never": torch.full_like(numbers, torch.nan)}
        return Measurement(numbers, scores)


def test_a_score_is_the_mean_over_the_prompts_that_it_applies_to(tiny_model, make_config, store):
    config = make_config(evaluation={"batch_size": 2, "num_denoising_steps": 2})
    scores = Evaluator(config, tiny_model, RewardSuite({ByPrompt(): 1.0}), store).score(SIX)
    assert scores["number"].mean == 2.5
    assert scores["number_later"].mean == 3.5 and scores["number_later"].per_prompt == [2, 3, 4, 5]
    assert "number_never" not in scores


def test_a_sample_has_the_scores_that_apply_to_it(tmp_path):
    suite = RewardSuite({ByPrompt(): 1.0})
    first, last = save_samples(tmp_path, "step-000001", torch.zeros(2, 3, 4, 4), suite, [SIX[0], SIX[5]], [0])
    assert first.rewards == {"number": 0} and last.rewards == {"number": 5, "number_later": 5}
