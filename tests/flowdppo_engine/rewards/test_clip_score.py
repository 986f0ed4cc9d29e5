import pytest
import torch
from transformers import AutoTokenizer, CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from flowdppo_engine.config import ClipScoreConfig
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.clip_score import ClipScoreReward
from flowdppo_engine.rewards.registry import make_reward
from tests.flowdppo_engine.rewards.tiny_networks import CLIP_SIDE, WINDOW, as_pictures, make_images

TEXTS = ["a cat", "two dogs", "a cat", "a green square above a circle and more than it reads", ""]


def by_transformers(folder, pictures, texts):
    """Each pair by itself through CLIPModel's own forward pass, as its documentation shows."""
    network = CLIPModel.from_pretrained(folder).eval()
    processor, tokenizer = CLIPImageProcessorPil.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    logits = []
    for picture, text in zip(pictures, texts, strict=True):
        tokens = tokenizer([text], truncation=True, max_length=WINDOW, return_tensors="pt")
        inputs = {"input_ids": tokens["input_ids"], "attention_mask": tokens["attention_mask"]}
        with torch.no_grad():
            output = network(**inputs, **processor(picture, return_tensors="pt"))
        logits.append(output.logits_per_image.item())
    return logits, network.logit_scale.exp().item()


@pytest.mark.parametrize(("height", "width"), [(40, 40), (CLIP_SIDE, CLIP_SIDE), (32, 64)])
def test_it_is_the_cosine_that_transformers_own_forward_gives(clip_folder, height, width):
    images = make_images(5, height, width)
    reward = ClipScoreReward.load(ClipScoreConfig(source=str(clip_folder), batch_size=2), torch.device("cpu"))
    measured = reward.measure(images, [Prompt(text) for text in TEXTS])
    logits, scale = by_transformers(clip_folder, as_pictures(images), TEXTS)
    assert measured.reward.dtype == torch.float32
    assert measured.reward.tolist() == pytest.approx([logit / scale for logit in logits], abs=1e-5)
    assert measured.scores["clip_score"].tolist() == measured.reward.tolist()
    # The random network tells its inputs apart, so a mixed-up order would have shown.
    assert measured.reward.std() > 0.01


def test_a_batch_of_any_size_gives_the_same_scores(clip_folder):
    images, prompts = make_images(5), [Prompt(text) for text in TEXTS]
    scores = [
        make_reward(ClipScoreConfig(source=str(clip_folder), batch_size=size)).measure(images, prompts).reward
        for size in (1, 3, 64)
    ]
    assert torch.allclose(scores[0], scores[1], atol=1e-5) and torch.allclose(scores[0], scores[2], atol=1e-5)


def test_a_prompt_that_stands_twice_is_encoded_once(clip_folder, monkeypatch):
    reward = make_reward(ClipScoreConfig(source=str(clip_folder), batch_size=16))
    encoded = []
    text_features = CLIPModel.get_text_features

    def counted(network, **inputs):
        encoded.append(len(inputs["input_ids"]))
        return text_features(network, **inputs)

    monkeypatch.setattr(CLIPModel, "get_text_features", counted)
    reward.measure(make_images(5), [Prompt(text) for text in TEXTS])
    assert encoded == [4]


def test_low_precision_stays_near_and_the_score_in_fp32(clip_folder):
    images, prompts = make_images(3), [Prompt(text) for text in TEXTS[:3]]
    exact = make_reward(ClipScoreConfig(source=str(clip_folder))).measure(images, prompts).reward
    rough = make_reward(ClipScoreConfig(source=str(clip_folder), dtype="bfloat16")).measure(images, prompts).reward
    assert rough.dtype == torch.float32 and 0 < (rough - exact).abs().max() < 0.05


def test_it_is_logged_under_its_label(clip_folder):
    reward = make_reward(ClipScoreConfig(source=str(clip_folder), label="clip-large"))
    assert reward.name == "clip-large"
    assert list(reward.measure(make_images(1), [Prompt("a cat")]).scores) == ["clip-large"]
