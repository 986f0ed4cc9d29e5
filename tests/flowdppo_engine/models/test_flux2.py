import pytest
import torch

from flowdppo_engine.config import LoraConfig
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.models.flux2 import Flux2KleinModel
from tests.flowdppo_engine.models.drawing import PROMPTS, noise, our_drawing, pipelines_drawing
from tests.flowdppo_engine.models.tiny import flux2, flux2_klein

SIGMA = torch.tensor(0.7)


@pytest.fixture
def distilled():
    """A klein of few steps."""
    return Flux2KleinModel(flux2_klein.make_pipeline(is_distilled=True), flux2_klein.FAMILY.config())


def test_a_klein_of_few_steps_draws_as_the_pipeline_draws(distilled):
    """The pipeline silently leaves out the guidance of 3."""
    _, expected = pipelines_drawing(flux2_klein.FAMILY, distilled.pipeline, distilled, scale=3.0)
    torch.testing.assert_close(our_drawing(distilled)[1], expected, atol=2e-5, rtol=0)


def test_a_klein_of_few_steps_refuses_guidance(distilled):
    with pytest.raises(BadConfig, match="guidance_scale = 3.0: .* is distilled to few steps .* give 1, or the base"):
        distilled.velocity(noise(distilled), SIGMA, distilled.encode_prompts(PROMPTS), 3.0)


@pytest.mark.parametrize("family", [flux2.FAMILY, flux2_klein.FAMILY], ids=lambda family: family.name)
def test_every_projection_of_every_attention_gets_a_lora(family):
    model = family.make_model()
    linear = {name for name, module in model.transformer.named_modules() if isinstance(module, torch.nn.Linear)}
    model.add_lora(LoraConfig(rank=2), seed=0)
    adapted = {name.partition(".lora_")[0] for name in model.trainable_parameters()}
    assert adapted == {name for name in linear if ".attn." in name}


def test_dev_is_told_its_guidance_and_can_be_guided_besides():
    low, high = (flux2.FAMILY.make_model(distilled_guidance_scale=scale) for scale in (1.0, 5.0))
    condition, nothing = low.encode_prompts(PROMPTS), low.encode_prompts(["", ""])
    sample = noise(low)
    with torch.no_grad():
        conditional, unconditional = (low.velocity(sample, SIGMA, c) for c in (condition, nothing))
        assert (high.velocity(sample, SIGMA, condition) - conditional).abs().max() > 1e-3
        guided = low.velocity(sample, SIGMA, condition, 3.0)
    torch.testing.assert_close(guided, 3 * conditional - 2 * unconditional, atol=1e-5, rtol=1e-5)


def test_decoding_undoes_the_batch_normalisation_of_the_latents():
    """Latents of an encoded image come back as what the autoencoder makes of that image."""
    model = flux2_klein.FAMILY.make_model()
    vae = model.pipeline.vae
    image = torch.rand(1, 3, 16, 24) * 2 - 1
    with torch.no_grad():
        encoded = vae.encode(image).latent_dist.mode()
        patches = torch.nn.functional.pixel_unshuffle(encoded, 2)
        deviation = (vae.bn.running_var + vae.config.batch_norm_eps).sqrt()
        normalised = (patches - vae.bn.running_mean.view(1, -1, 1, 1)) / deviation.view(1, -1, 1, 1)
        expected = (vae.decode(encoded).sample / 2 + 0.5).clamp(0, 1)
    tokens = normalised.flatten(2).transpose(1, 2)
    torch.testing.assert_close(model.decode(tokens), expected, atol=1e-5, rtol=0)
