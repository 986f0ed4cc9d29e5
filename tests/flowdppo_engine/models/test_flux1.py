import torch

from flowdppo_engine.models.flux1 import Flux1Model
from tests.flowdppo_engine.models.drawing import PROMPTS, noise, our_drawing, pipelines_drawing
from tests.flowdppo_engine.models.tiny.flux1 import FAMILY, make_pipeline

SIGMA = torch.tensor(0.7)


def test_the_distilled_guidance_is_told_to_the_network():
    low, high = (FAMILY.make_model(distilled_guidance_scale=scale) for scale in (1.0, 5.0))
    condition, sample = low.encode_prompts(PROMPTS), noise(low)
    with torch.no_grad():
        difference = high.velocity(sample, SIGMA, condition) - low.velocity(sample, SIGMA, condition)
    assert difference.abs().max() > 1e-3


def test_a_network_without_distilled_guidance_is_told_none():
    model = Flux1Model(make_pipeline(guidance_embeds=False), FAMILY.config(distilled_guidance_scale=5.0))
    _, expected = pipelines_drawing(FAMILY, make_pipeline(guidance_embeds=False), model)
    torch.testing.assert_close(our_drawing(model)[1], expected, atol=2e-5, rtol=0)


def test_tokens_go_row_by_row():
    """16x24 pixels are 4x6 tokens: the third number of a position is its column."""
    model = FAMILY.make_model()
    assert model.token_grid == (4, 6) and model.latent_shape == (24, 4)
    places = model._positions.on(torch.device("cpu"))["img_ids"]
    assert places[:, 2].tolist() == list(range(6)) * 4
    assert places[:, 1].tolist() == [row for row in range(4) for _ in range(6)]


def test_the_grid_shifts_with_the_size_of_the_image():
    """mu is 0.5 at 256 tokens and 1.15 at 4096; sigma becomes e^mu / (e^mu + 1 / sigma - 1)."""
    for size, mu in ((64, 0.5), (256, 1.15)):
        sigmas = torch.tensor(FAMILY.make_model(resolution=size, width=size).sigmas(5), dtype=torch.float64)
        even = torch.linspace(1, 0.2, 5, dtype=torch.float64)
        shift = torch.tensor(mu, dtype=torch.float64).exp()
        torch.testing.assert_close(sigmas, shift / (shift + 1 / even - 1), atol=1e-6, rtol=0)
