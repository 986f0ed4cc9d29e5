"""The tiny pipeline on disk, once a session, and what is made of it."""

import copy
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from flowdppo_engine.config import ModelConfig
from flowdppo_engine.models.registry import silence_libraries
from flowdppo_engine.models.sd3 import SD3Model
from flowdppo_engine.training.setup import prepare
from tests.flowdppo_engine.brightness import brightness_suite
from tests.flowdppo_engine.tiny_run import tiny_config, write_prompts
from tests.flowdppo_engine.tiny_sd3 import make_pipeline

silence_libraries()
# Matrices this small are slower on several threads, most of all where other processes use the same cores.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny_pipeline():
    return make_pipeline()


@pytest.fixture(scope="session")
def tiny_folder(tiny_pipeline, tmp_path_factory) -> Path:
    """The tiny pipeline in the diffusers format."""
    folder = tmp_path_factory.mktemp("tiny_sd3")
    tiny_pipeline.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def prompts_file(tmp_path_factory) -> Path:
    return write_prompts(tmp_path_factory.mktemp("prompts"))


@pytest.fixture
def make_config(tiny_folder, prompts_file):
    """`make_config(**changes)`: the configuration of a tiny run."""
    return lambda **changes: tiny_config(tiny_folder, prompts_file, **changes)


@pytest.fixture
def make_model(tiny_pipeline):
    """`make_model()`: the tiny model without a LoRA; no test sees another's changes."""
    return lambda: SD3Model(copy.deepcopy(tiny_pipeline), ModelConfig(resolution=16))


@pytest.fixture
def tiny_model(make_model) -> SD3Model:
    return make_model()


@pytest.fixture
def make_ingredients(make_model, tmp_path):
    """`make_ingredients(config)`: what a run is made of, with the brightness reward and a model of its own."""
    silent = SimpleNamespace(tell=lambda *args: None, log=lambda *args: None)
    return lambda config, rewards=None: prepare(
        config, tmp_path, silent, silent, make_model(), rewards or brightness_suite()
    )


@pytest.fixture(autouse=True)
def _same_numbers_each_time():
    torch.manual_seed(0)
