import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch.nn.functional import cosine_similarity
from transformers import AutoTokenizer
from transformers.image_utils import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

from flowdppo_engine.config import Hpsv2Config
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.registry import make_reward
from tests.flowdppo_engine.rewards.reference_open_clip import OpenClip
from tests.flowdppo_engine.rewards.tiny_networks import CLIP_SIDE, as_pictures, make_images, save_clip

TEXTS = ["a cat", "two dogs", "a cat asleep"]
PROMPTS = [Prompt(text) for text in TEXTS]


@pytest.fixture(scope="module")
def clip_h_folder(tmp_path_factory):
    """Shape and preprocessing; ViT-H-14 has the plain GELU."""
    folder = tmp_path_factory.mktemp("clip_h")
    save_clip(folder, hidden_act="gelu")
    return folder


@pytest.fixture(scope="module")
def open_clip(clip_h_folder):
    torch.manual_seed(5)
    return OpenClip(len(AutoTokenizer.from_pretrained(clip_h_folder))).eval()


@pytest.fixture
def make_hpsv2(clip_h_folder, tmp_path):
    def make(weights, **changes):
        save_file({name: tensor.contiguous() for name, tensor in weights.items()}, tmp_path / "model.safetensors")
        return make_reward(Hpsv2Config(source=str(tmp_path), clip_source=str(clip_h_folder), **changes))

    return make


@torch.no_grad()
def by_open_clip(network, folder, pixels):
    """`[B]` of pixels `[B, S, S, 3]` uint8 of the network's own size."""
    normal = (torch.from_numpy(pixels) / 255 - torch.tensor(OPENAI_CLIP_MEAN)) / torch.tensor(OPENAI_CLIP_STD)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    texts = torch.cat([network.encode_text(tokenizer([text], return_tensors="pt")["input_ids"]) for text in TEXTS])
    return cosine_similarity(network.visual(normal.permute(0, 3, 1, 2)), texts)


@pytest.mark.parametrize("prefix", ["", "model."])
def test_it_is_the_cosine_of_open_clips_own_network(open_clip, clip_h_folder, make_hpsv2, prefix):
    images = make_images(3)
    weights = {prefix + name: tensor for name, tensor in open_clip.state_dict().items()}
    measured = make_hpsv2(weights).measure(images, PROMPTS)
    pixels = [np.array(p.resize((CLIP_SIDE, CLIP_SIDE), Image.Resampling.BICUBIC)) for p in as_pictures(images)]
    expected = by_open_clip(open_clip, clip_h_folder, np.stack(pixels))
    assert measured.reward.tolist() == pytest.approx(expected.tolist(), abs=1e-5)
    assert measured.reward.std() > 0.01


def test_an_oblong_image_is_shrunk_whole_and_the_rest_is_black(open_clip, clip_h_folder, make_hpsv2):
    images = make_images(3, height=32, width=64)
    framed = np.zeros((3, CLIP_SIDE, CLIP_SIDE, 3), np.uint8)
    for canvas, picture in zip(framed, as_pictures(images), strict=True):
        canvas[7:21] = np.array(picture.resize((28, 14), Image.Resampling.BICUBIC))
    measured = make_hpsv2(open_clip.state_dict()).measure(images, PROMPTS)
    expected = by_open_clip(open_clip, clip_h_folder, framed)
    assert measured.reward.tolist() == pytest.approx(expected.tolist(), abs=1e-5)


def test_buffers_and_other_heads_in_the_file_do_no_harm(open_clip, make_hpsv2):
    more = {"attn_mask": torch.zeros(3, 3), "score_predictor.weight": torch.zeros(2), "visual.extra": torch.zeros(1)}
    images = make_images(3)
    plain = make_hpsv2(open_clip.state_dict()).measure(images, PROMPTS).reward
    assert torch.equal(make_hpsv2(open_clip.state_dict() | more).measure(images, PROMPTS).reward, plain)


def test_a_file_that_lacks_weights_is_refused_rather_than_filled_at_random(open_clip, make_hpsv2):
    weights = {name: tensor for name, tensor in open_clip.state_dict().items() if "resblocks.1." not in name}
    message = r"rewards.hpsv2.source = .* is no CLIPModel: it lacks 32 weights, such as text_model.encoder.layers.1"
    with pytest.raises(ModelNotFound, match=message):
        make_hpsv2(weights)


def test_a_file_of_another_size_is_refused(open_clip, make_hpsv2):
    wider = open_clip.state_dict() | {"text_projection": torch.zeros(32, 48)}
    with pytest.raises(ModelNotFound, match="(?s)rewards.hpsv2.source = .* could not be loaded: .*mismatch"):
        make_hpsv2(wider)


def test_the_pickled_checkpoint_that_hpsv2_publishes_is_refused_with_the_remedy(clip_h_folder, tmp_path, open_clip):
    torch.save({"state_dict": open_clip.state_dict()}, tmp_path / "HPS_v2.1_compressed.pt")
    with pytest.raises(BadConfig, match=r"HPS_v2.1_compressed.pt' is pickled.*convert.*save_file"):
        make_reward(Hpsv2Config(source=str(tmp_path / "HPS_v2.1_compressed.pt"), clip_source=str(clip_h_folder)))
    with pytest.raises(ModelNotFound, match=r"no model.safetensors, only HPS_v2.1_compressed.pt.*convert.*save_file"):
        make_reward(Hpsv2Config(source=str(tmp_path), clip_source=str(clip_h_folder)))


def test_the_remedy_works(open_clip, clip_h_folder, make_hpsv2, tmp_path):
    """Word for word what the message says, of a checkpoint's `state_dict`."""
    torch.save({"state_dict": open_clip.state_dict()}, tmp_path / "HPS.pt")
    save_file(torch.load(tmp_path / "HPS.pt", weights_only=True)["state_dict"], tmp_path / "converted.safetensors")
    images = make_images(3)
    expected = make_hpsv2(open_clip.state_dict()).measure(images, PROMPTS).reward
    assert torch.equal(
        make_hpsv2(load_file(tmp_path / "converted.safetensors")).measure(images, PROMPTS).reward, expected
    )
