"""Sizes read from saved files, against the models that load from them."""

import json

import pytest
import torch

from flowdppo_engine.config import LoraConfig, ModelConfig
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.planning.network import Network
from flowdppo_engine.planning.saved_model import SavedModel, find_saved_model
from tests.flowdppo_engine.models.tiny import NAMES, tiny_family

LORA = LoraConfig(rank=3)


@pytest.fixture(scope="module", params=NAMES)
def pair(request, tmp_path_factory):
    """A family's tiny model with a LoRA, and the network that is read from its files."""
    family, folder = tiny_family(request.param), tmp_path_factory.mktemp(request.param)
    family.make_pipeline().save_pretrained(folder)
    model = family.make_model()
    model.add_lora(LORA, seed=0)
    return model, Network(SavedModel(folder), model.config)


def test_the_latent_is_as_large(pair):
    model, network = pair
    assert network.latent_dims == model.num_latent_dims


def test_the_lora_has_as_many_parameters(pair):
    model, network = pair
    assert network.num_lora_parameters(LORA) == sum(p.numel() for p in model.trainable_parameters().values())


def test_every_component_has_as_many_parameters(pair):
    model, network = pair
    components = network.saved.components
    assert {"transformer", "vae", "text_encoder"} <= set(components)
    for name in components:
        tensors = {
            key: tensor for key, tensor in getattr(model.pipeline, name).state_dict().items() if "lora" not in key
        }
        counted = {tensor.data_ptr(): tensor.numel() for tensor in tensors.values()}
        assert network.saved.num_parameters(name) == sum(counted.values())


def test_an_encoded_prompt_is_at_most_as_large(pair):
    model, network = pair
    conditions: Conditions = model.encode_prompts(["a red cat"])
    assert 0 < sum(tensor.numel() for tensor in conditions.tensors.values()) <= network.prompt_elements


def test_layers_and_width_are_those_of_the_network(pair):
    model, network = pair
    blocks = model.repeated_blocks
    assert network.num_layers == len(blocks)
    normalised = {m.normalized_shape[-1] for m in model.transformer.modules() if isinstance(m, torch.nn.LayerNorm)}
    linear = {m.in_features for m in model.transformer.modules() if isinstance(m, torch.nn.Linear)}
    assert network.width in normalised | linear


def test_named_layers_count_instead_of_the_familys_own(pair):
    _, network = pair
    assert network.num_lora_parameters(LoraConfig(rank=3, target_modules=("no_such_layer",))) == 0


def test_the_sandbox_is_at_hand():
    network = Network(find_saved_model(ModelConfig()), ModelConfig())
    assert network.latent_dims == 4 * 8 * 8
    assert network.num_tokens == 16 + 1 + network.saved.config("text_encoder")["max_position_embeddings"]


def test_a_model_that_is_not_here_is_not_known(tmp_path):
    assert find_saved_model(ModelConfig(source="somebody/something")) is None
    assert find_saved_model(ModelConfig(source=str(tmp_path / "nothing"))) is None
    (tmp_path / "model_index.json").write_text(json.dumps({}))
    assert find_saved_model(ModelConfig(source=str(tmp_path))) is None


def test_a_model_in_the_hubs_cache_is_found(pair, tmp_path, monkeypatch):
    _, network = pair
    repository = tmp_path / "models--somebody--something"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text("abc")
    (repository / "snapshots").mkdir()
    (repository / "snapshots" / "abc").symlink_to(network.saved.folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    found = find_saved_model(ModelConfig(family=network.config.family, source="somebody/something"))
    assert found is not None and found.num_parameters("vae") == network.saved.num_parameters("vae")
