import copy
import shutil

import pytest
import torch
from diffusers import StableDiffusion3Pipeline

from flowdppo_engine.config import LoraConfig, ModelConfig
from flowdppo_engine.errors import BadConfig, ModelNotFound
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.models.sd3 import SD3Model
from flowdppo_engine.policy.schedules import make_sigmas
from flowdppo_engine.training.rollout import Denoising, denoise
from tests.flowdppo_engine.tiny_sd3 import LATENT_SHAPE

CPU = torch.device("cpu")
LORA = LoraConfig(rank=4, alpha=8)
SIGMA = torch.tensor(0.7)
TEXTS = ["a red cat", "a blue dog"]


def noise(num_images: int) -> torch.Tensor:
    return torch.randn(num_images, *LATENT_SHAPE)


def change_lora(model: SD3Model) -> None:
    for parameter in model.trainable_parameters().values():
        parameter.data.normal_(std=0.3)


@pytest.mark.parametrize("guidance_scale", [1.0, 4.0])
def test_ode_is_the_pipelines_own_sampling(tiny_model, guidance_scale):
    start = noise(2)
    expected = tiny_model.pipeline(
        TEXTS, latents=start.clone(), num_inference_steps=5, guidance_scale=guidance_scale, max_sequence_length=1,
        height=16, width=16, output_type="latent",
    ).images  # fmt: skip
    denoising = Denoising(make_sigmas("diffusers", 5, shift=3.0), guidance_scale)
    latents, _ = denoise(tiny_model, denoising, start, tiny_model.encode_prompts(TEXTS).take, batch_size=2)
    torch.testing.assert_close(latents, expected, atol=1e-5, rtol=1e-5)


def test_decoding_is_the_pipelines_own(tiny_model):
    latents = noise(3)
    vae = tiny_model.pipeline.vae
    raw = vae.decode(latents / vae.config.scaling_factor + vae.config.shift_factor, return_dict=False)[0]
    expected = tiny_model.pipeline.image_processor.postprocess(raw.detach(), output_type="pt")
    torch.testing.assert_close(tiny_model.decode(latents), expected, atol=1e-5, rtol=1e-5)


def test_decoding_does_not_depend_on_the_chunks(tiny_model, monkeypatch):
    latents = noise(5)
    together = tiny_model.decode(latents)
    monkeypatch.setattr("flowdppo_engine.models.pipeline_model.MAX_DECODED_PIXELS", {"cpu": 2 * 16 * 16})
    torch.testing.assert_close(tiny_model.decode(latents), together, atol=1e-6, rtol=0)
    assert together.shape == (5, 3, 16, 16) and together.min() >= 0 and together.max() <= 1


def test_guided_gradient_leaves_out_the_unconditional_pass(tiny_model):
    tiny_model.add_lora(LORA, seed=0)
    change_lora(tiny_model)
    parameters = list(tiny_model.trainable_parameters().values())
    condition, sample = tiny_model.encode_prompts(TEXTS), noise(2)
    guided = torch.autograd.grad(tiny_model.velocity(sample, SIGMA, condition, 3.0).sum(), parameters)
    plain = torch.autograd.grad(tiny_model.velocity(sample, SIGMA, condition).sum(), parameters)
    for one, other in zip(guided, plain, strict=True):
        torch.testing.assert_close(one, 3.0 * other, rtol=1e-4, atol=1e-5)


def test_sigma_may_differ_by_row(tiny_model):
    condition, sample = tiny_model.encode_prompts(TEXTS), noise(2)
    with torch.no_grad():
        together = tiny_model.velocity(sample, torch.tensor([0.9, 0.2]), condition)
        first = tiny_model.velocity(sample, torch.tensor(0.9), condition)[0]
        second = tiny_model.velocity(sample, torch.tensor(0.2), condition)[1]
    torch.testing.assert_close(together, torch.stack([first, second]))


def test_prompts_that_lose_their_end_are_found(tiny_model):
    window = tiny_model.pipeline.tokenizer_max_length - 2
    fits, too_long = "a" * window, "b" * (window + 1)
    assert tiny_model.find_truncated([fits, too_long]) == [too_long]
    one = tiny_model.encode_prompts([too_long])
    assert torch.equal(one["embeds"], tiny_model.encode_prompts([too_long + " and more"])["embeds"])


def test_new_lora_changes_nothing_and_reference_undoes_a_trained_one(tiny_model):
    condition, sample = tiny_model.encode_prompts(TEXTS), noise(2)
    with torch.no_grad():
        base = tiny_model.velocity(sample, SIGMA, condition)
        tiny_model.add_lora(LORA, seed=0)
        assert torch.equal(tiny_model.velocity(sample, SIGMA, condition), base)
        change_lora(tiny_model)
        trained = tiny_model.velocity(sample, SIGMA, condition)
        with tiny_model.reference():
            assert torch.equal(tiny_model.velocity(sample, SIGMA, condition), base)
        assert torch.equal(tiny_model.velocity(sample, SIGMA, condition), trained)
    assert not torch.allclose(trained, base)
    assert all(parameter.requires_grad for parameter in tiny_model.trainable_parameters().values())


def test_lora_start_depends_on_its_seed_alone(tiny_pipeline):
    def start(seed: int) -> list[torch.Tensor]:
        model = SD3Model(copy.deepcopy(tiny_pipeline), ModelConfig(resolution=16))
        torch.rand(seed + 1)
        model.add_lora(LORA, seed)
        return list(model.trainable_parameters().values())

    assert all(map(torch.equal, start(1), start(1)))
    assert not all(map(torch.equal, start(1), start(2)))


def test_lora_is_fp32_on_a_bf16_model(tiny_folder):
    model = load_model(ModelConfig(source=str(tiny_folder), resolution=16, dtype="bfloat16"), CPU)
    model.add_lora(LORA, seed=0)
    assert {parameter.dtype for parameter in model.trainable_parameters().values()} == {torch.float32}
    assert model.velocity(noise(2), SIGMA, model.encode_prompts(TEXTS)).dtype == torch.bfloat16


def test_lora_is_restored_in_place(tiny_model, tmp_path):
    tiny_model.add_lora(LORA, seed=0)
    change_lora(tiny_model)
    parameters = tiny_model.trainable_parameters()
    saved = {name: parameter.detach().clone() for name, parameter in parameters.items()}
    tiny_model.save_lora(tmp_path)
    change_lora(tiny_model)
    tiny_model.load_lora(tmp_path)
    assert all(tiny_model.trainable_parameters()[name] is parameter for name, parameter in parameters.items())
    assert all(torch.equal(parameters[name], saved[name]) for name in saved)


def test_plain_diffusers_draws_the_same_picture_with_the_lora(tiny_model, tiny_folder, tmp_path):
    tiny_model.add_lora(LoraConfig(rank=4, alpha=12), seed=0)
    change_lora(tiny_model)
    tiny_model.save_lora(tmp_path)
    plain = StableDiffusion3Pipeline.from_pretrained(tiny_folder, text_encoder_3=None, tokenizer_3=None)
    without = _draw(plain)
    plain.load_lora_weights(tmp_path)
    torch.testing.assert_close(_draw(plain), _draw(tiny_model.pipeline), atol=1e-5, rtol=0)
    assert (_draw(plain) - without).abs().max() > 1e-3


def _draw(pipeline) -> torch.Tensor:
    start = torch.randn(1, *LATENT_SHAPE, generator=torch.Generator().manual_seed(0))
    return pipeline(
        "a tree", latents=start, num_inference_steps=3, guidance_scale=1.0, max_sequence_length=1,
        height=16, width=16, output_type="pt",
    ).images  # fmt: skip


def test_foreign_lora_is_refused(tiny_model, tiny_pipeline, tmp_path):
    tiny_model.add_lora(LORA, seed=0)
    tiny_model.save_lora(tmp_path)
    other = SD3Model(copy.deepcopy(tiny_pipeline), ModelConfig(resolution=16))
    other.add_lora(LoraConfig(rank=2), seed=0)
    with pytest.raises(ValueError, match="does not fit this model"):
        other.load_lora(tmp_path)


def test_layers_that_do_not_exist_are_refused(tiny_model):
    with pytest.raises(BadConfig, match="no layer of this model has such a name"):
        tiny_model.add_lora(LoraConfig(target_modules=("no_such_layer",)), seed=0)


def test_resolution_beyond_the_networks_positions_is_refused(tiny_folder):
    load_model(ModelConfig(source=str(tiny_folder), resolution=32), CPU)
    with pytest.raises(BadConfig, match="model.resolution = 40 does not fit this model: .* multiple of 4, at most 32"):
        load_model(ModelConfig(source=str(tiny_folder), resolution=40), CPU)


def test_missing_model_names_its_source():
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
