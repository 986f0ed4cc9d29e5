import pytest

from tests.flowdppo_engine.rewards.tiny_networks import save_clip, save_qwen3_vl


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory):
    """A tiny CLIP in the transformers format."""
    folder = tmp_path_factory.mktemp("clip")
    save_clip(folder)
    return folder


@pytest.fixture(scope="session")
def qwen3_vl_folder(tmp_path_factory):
    """A tiny Qwen3-VL in the transformers format."""
    folder = tmp_path_factory.mktemp("qwen3_vl")
    save_qwen3_vl(folder)
    return folder
