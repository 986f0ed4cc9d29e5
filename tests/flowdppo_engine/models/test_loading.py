import json
import shutil

import pytest
import torch

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.models.registry import load_model

CPU = torch.device("cpu")


def test_a_missing_model_names_its_source():
    with pytest.raises(ModelNotFound, match="model.source = '/no/such/folder' could not be loaded"):
        load_model(ModelConfig(source="/no/such/folder"), CPU)


def test_pickled_weights_are_never_loaded(tiny_folder, tmp_path):
    folder = tmp_path / "pickled"
    shutil.copytree(tiny_folder, folder)
    weights = next((folder / "transformer").glob("*.safetensors"))
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(ModelNotFound):
        load_model(ModelConfig(source=str(folder), resolution=16), CPU)


def test_a_pipeline_saved_without_a_component_is_loaded_without_it(tiny_folder, tiny_pipeline):
    model = load_model(ModelConfig(source=str(tiny_folder), resolution=16), CPU)
    assert model.pipeline.text_encoder_3 is None and model.pipeline.tokenizer_3 is None
    saved, loaded = tiny_pipeline.transformer.state_dict(), model.transformer.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in saved.items())


def test_everything_is_frozen(tiny_folder):
    model = load_model(ModelConfig(source=str(tiny_folder), resolution=16), CPU)
    modules = [part for part in model.pipeline.components.values() if isinstance(part, torch.nn.Module)]
    assert len(modules) == 4
    assert not any(parameter.requires_grad for module in modules for parameter in module.parameters())
    assert not any(module.training for module in modules)


def test_a_library_that_is_missing_is_named(tiny_folder, tmp_path):
    folder = tmp_path / "foreign"
    shutil.copytree(tiny_folder, folder)
    index = json.loads((folder / "model_index.json").read_text())
    index["vae"] = ["onnxruntime.training", "ORTModule"]
    (folder / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(BadConfig, match="needs a library; install it: .*onnxruntime"):
        load_model(ModelConfig(source=str(folder), resolution=16), CPU)
