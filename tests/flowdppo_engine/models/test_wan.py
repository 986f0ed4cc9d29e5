import json

import pytest
import torch
from diffusers import UniPCMultistepScheduler

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.conditions import ConditionStore
from flowdppo_engine.models.registry import load_model
from tests.flowdppo_engine.models.tiny.wan import FAMILY, make_pipeline

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wan")
    make_pipeline().save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model():
    return FAMILY.make_model()


@pytest.mark.parametrize("num_frames", [1, 5, 9, 81])
def test_a_latent_frame_holds_four_frames_and_the_first_one_alone(num_frames):
    model = FAMILY.make_model(num_frames=num_frames)
    assert model.latent_shape == (16, (num_frames + 3) // 4, 2, 4)


def test_decoding_gives_all_frames(model):
    assert model.decode(torch.randn(3, *model.latent_shape)).shape == (3, 5, 3, 16, 32)


@pytest.mark.parametrize("num_frames", [2, 4, 8])
def test_other_numbers_of_frames_are_refused(num_frames):
    below = num_frames // 4 * 4 + 1
    with pytest.raises(BadConfig, match=f"model.num_frames = {num_frames} .* such as {below} or {below + 4}"):
        FAMILY.make_model(num_frames=num_frames)


def test_the_published_schedulers_grid_is_shifted_once_and_starts_at_one():
    pipeline = make_pipeline()
    pipeline.scheduler = _unipc(use_flow_sigmas=True, flow_shift=3.0)
    model = type(FAMILY.make_model())(pipeline, FAMILY.config())
    even = torch.linspace(1, 1e-3, 11, dtype=torch.float64)[:-1]
    expected = 3 * even / (1 + 2 * even)
    assert model.sigmas(10)[0] == 1.0
    torch.testing.assert_close(torch.tensor(model.sigmas(10), dtype=torch.float64), expected, atol=2e-7, rtol=0)


@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_a_scheduler_that_is_not_for_flows_is_refused():
    pipeline = make_pipeline()
    pipeline.scheduler = _unipc(use_flow_sigmas=False)
    model = type(FAMILY.make_model())(pipeline, FAMILY.config())
    with pytest.raises(BadConfig, match="choose a checkpoint whose scheduler has flow sigmas"):
        model.sigmas(10)


@pytest.mark.parametrize(
    "change", [{"transformer_2": ["diffusers", "WanTransformer3DModel"]}, {"expand_timesteps": True}]
)
def test_wan_2_2_is_refused_before_its_weights_are_fetched(folder, tmp_path, change):
    index = json.loads((folder / "model_index.json").read_text())
    (tmp_path / "model_index.json").write_text(json.dumps(index | change))
    with pytest.raises(BadConfig, match="holds a Wan 2.2 .* choose a Wan 2.1"):
        load_model(FAMILY.config(source=str(tmp_path)), CPU)


def test_the_decoder_stays_in_fp32_beside_a_bf16_network(folder):
    model = load_model(FAMILY.config(source=str(folder), dtype="bfloat16"), CPU)
    assert model.pipeline.vae.dtype == torch.float32 and model.dtype == torch.bfloat16
    condition = model.encode_prompts(["a red cat"])
    assert condition["embeds"].dtype == torch.bfloat16
    sample = torch.randn(1, *model.latent_shape)
    assert model.velocity(sample, torch.tensor(0.5), condition, 3.0).dtype == torch.bfloat16


def test_stored_prompts_are_filled_up_to_what_the_network_reads(model, tmp_path):
    """The store holds 11 tokens of 24; the network is told the zeros after them, as the pipeline tells it."""
    texts = ["a red cat", "a tree"]
    stored = ConditionStore.encode(model.encode_prompts, texts, tmp_path).get(texts, CPU)
    assert stored["embeds"].shape == (2, len("<" + texts[0] + ">"), 32)
    padded, _ = model.pipeline.encode_prompt(texts, do_classifier_free_guidance=False, max_sequence_length=24)
    sample, sigma = torch.randn(2, *model.latent_shape), torch.tensor(0.7)
    with torch.no_grad():
        expected = model.transformer(sample, (sigma * 1000).expand(2), padded, return_dict=False)[0]
        assert torch.equal(model.velocity(sample, sigma, stored), expected)


def test_prompts_that_lose_their_end_are_found(model):
    fits, too_long = "a" * 22, "b" * 23
    assert model.find_truncated([fits, too_long, " " + fits + "  "]) == [too_long]


def _unipc(**options) -> UniPCMultistepScheduler:
    return UniPCMultistepScheduler(prediction_type="flow_prediction", **options)
