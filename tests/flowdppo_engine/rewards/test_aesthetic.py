import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPModel
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from flowdppo_engine.config import AestheticConfig
from flowdppo_engine.errors import ModelNotFound
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.registry import make_reward
from tests.flowdppo_engine.rewards.tiny_networks import EMBEDDING, as_pictures, make_images

SIZES = {0: (EMBEDDING, 16), 2: (16, 12), 4: (12, 8), 6: (8, 4), 7: (4, 1)}


@pytest.fixture
def head():
    """Random layers under the published names."""
    weights = {}
    for index, (inputs, outputs) in SIZES.items():
        weights[f"layers.{index}.weight"] = torch.randn(outputs, inputs) / 2
        weights[f"layers.{index}.bias"] = torch.randn(outputs)
    return weights


@pytest.fixture
def make_aesthetic(clip_folder, tmp_path):
    def make(weights):
        save_file(weights, tmp_path / "model.safetensors")
        return make_reward(AestheticConfig(source=str(tmp_path), clip_source=str(clip_folder), batch_size=2))

    return make


def test_it_is_the_linear_network_on_normalised_image_embeddings(head, clip_folder, make_aesthetic):
    images = make_images(5)
    network, processor = CLIPModel.from_pretrained(clip_folder), CLIPImageProcessorPil.from_pretrained(clip_folder)
    with torch.no_grad():
        pixels = processor(as_pictures(images), return_tensors="pt")["pixel_values"]
        embeds = network(input_ids=torch.tensor([[256, 257]]), pixel_values=pixels).image_embeds.double()
    # Layers without anything between them are one affine map.
    for index in SIZES:
        embeds = embeds @ head[f"layers.{index}.weight"].double().T + head[f"layers.{index}.bias"].double()
    measured = make_aesthetic(head).measure(images, [Prompt("whatever")] * 5)
    assert measured.reward.tolist() == pytest.approx(embeds.squeeze(-1).tolist(), abs=1e-5)
    assert measured.reward.std() > 0.01


def test_the_prompt_does_not_matter(head, make_aesthetic):
    images, reward = make_images(2), make_aesthetic(head)
    first, second = (reward.measure(images, [Prompt(text)] * 2).reward for text in ("a cat", "two dogs"))
    assert torch.equal(first, second)


def test_the_predictor_is_found_as_a_part_of_a_larger_model(head, make_aesthetic):
    """As the hub has it with its CLIP, whose own layers have similar names."""
    images, plain = make_images(2), make_aesthetic(head)
    larger = {f"mlp.{name}": tensor for name, tensor in head.items()}
    larger["vision_model.encoder.layers.0.mlp.fc1.weight"] = torch.randn(3, 3)
    prompts = [Prompt("a cat")] * 2
    assert torch.equal(make_aesthetic(larger).measure(images, prompts).reward, plain.measure(images, prompts).reward)


def test_another_network_is_refused(head, make_aesthetic):
    del head["layers.6.weight"]
    with pytest.raises(
        ModelNotFound, match="rewards.aesthetic.source = .* holds 0 tensors of the name layers.6.weight"
    ):
        make_aesthetic(head)
