import json

import pytest
import torch
from diffusers import StableDiffusion3Pipeline
from typer.testing import CliRunner

from flowdppo_engine.cli import app
from flowdppo_engine.sandbox.pretraining.autoencoder import decode_latents, encode_pictures
from flowdppo_engine.sandbox.pretraining.plan import TINY_PLAN


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretrained") / "base_model"
    result = CliRunner().invoke(app, ["pretrain-sandbox", "--try-out", "--output", str(folder)])
    assert result.exit_code == 0, result.output
    return folder, result.output


def test_it_reports_each_stage(made):
    _, output = made
    stages = [f"{stage}: {total} of {total}" for stage, total in (("autoencoder", 40), ("pictures", 512), ("flow", 8))]
    assert all(line in output for line in stages)


def test_the_manifest_says_how_it_was_made(made):
    folder, _ = made
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["plan"]["flow"]["steps"] == TINY_PLAN.flow.steps
    assert manifest["checks"][-1]["step"] == TINY_PLAN.flow.steps


def test_plain_diffusers_loads_and_draws(made):
    folder, _ = made
    pipeline = StableDiffusion3Pipeline.from_pretrained(folder, text_encoder_3=None, tokenizer_3=None)
    drawn = pipeline(
        "two red circles", num_inference_steps=2, guidance_scale=1.0, max_sequence_length=1, output_type="pt"
    ).images
    assert drawn.shape == (1, 3, 64, 64)
    assert torch.isfinite(drawn).all()


def test_latents_are_normalised_and_decode_back(made):
    folder, _ = made
    autoencoder = StableDiffusion3Pipeline.from_pretrained(folder, text_encoder_3=None, tokenizer_3=None).vae
    pictures = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    latents = encode_pictures(autoencoder, pictures)
    with torch.no_grad():
        raw = autoencoder.encode(pictures * 2 - 1).latents
        expected = (autoencoder.decode(raw).sample / 2 + 0.5).clamp(0, 1)
    assert latents.shape == (4, 4, 8, 8)
    torch.testing.assert_close(decode_latents(autoencoder, latents), expected, atol=1e-4, rtol=1e-4)


def test_a_folder_with_something_in_it_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    result = CliRunner().invoke(app, ["pretrain-sandbox", "--try-out", "--output", str(tmp_path)])
    assert result.exit_code == 2
    assert "is not an empty folder" in result.output
