"""A checkpoint taken out: what is in the zip, what the card says, and that diffusers loads it."""

import io
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import torch
import yaml
from django.conf import settings
from PIL import Image

from exporting.licences import Licence, licence_of, read_licence
from flowdppo_engine.config import LoraConfig, RunConfig
from flowdppo_engine.models.lora import ONLY_ONE, add_lora, save_lora
from runs.models import Checkpoint, Run
from tests.flowdppo_engine.tiny_sd3 import make_pipeline
from tests.platform.lab import Lab, add_checkpoint, add_evaluation, add_point, add_run, add_sample

pytestmark = pytest.mark.django_db

LORA = "pytorch_lora_weights.safetensors"
HUB_MODEL = "stabilityai/stable-diffusion-3.5-medium"


@pytest.fixture
def run(lab: Lab) -> Run:
    config = RunConfig().model_dump(mode="json")
    config["model"]["source"] = HUB_MODEL
    return add_run(lab.experiment, "mine | all", config=config, notes="# Why\nTo see.")


@pytest.fixture
def checkpoint(run: Run) -> Checkpoint:
    """With curves, samples and scores of its iteration."""
    for iteration in (0, 40):
        add_evaluation(run, iteration, 0.4 + iteration / 400)
        sample = add_sample(run, iteration)
        file = Path(settings.MEDIA_ROOT) / run.folder / sample.path
        file.parent.mkdir(parents=True)
        Image.new("RGB", (32, 32), (200, iteration, 0)).save(file)
    for iteration in range(1, 41):
        add_point(run, "reward/mean", iteration, iteration / 40)
    return add_checkpoint(run, 40, {LORA: b"weights", "optimizer.safetensors": b"not to go out"})


def take_out(client, checkpoint: Checkpoint, **licence: str) -> zipfile.ZipFile:
    answer = client.get(f"/checkpoints/{checkpoint.id}/model.zip", licence or {"licence": "base"})
    assert answer.status_code == 200, answer.text
    assert answer["Content-Disposition"] == 'attachment; filename="mine-all-40.zip"'
    return zipfile.ZipFile(io.BytesIO(b"".join(answer)))


def read_card(archive: zipfile.ZipFile) -> tuple[dict, str]:
    _, front, text = archive.read("mine-all-40/README.md").decode().split("---\n", 2)
    return yaml.safe_load(front), text


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_the_zip_has_what_others_need_and_nothing_else(checkpoint, member):
    archive = take_out(member, checkpoint)
    names = {name.removeprefix("mine-all-40/") for name in archive.namelist()}
    assert names == {"README.md", LORA, "config.yaml", "curves.svg", "samples.png"} and archive.testzip() is None
    config = yaml.safe_load(archive.read("mine-all-40/config.yaml"))
    assert RunConfig.model_validate(config).model.source == HUB_MODEL
    drawing = ElementTree.fromstring(archive.read("mine-all-40/curves.svg"))
    (line,) = drawing.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(line.get("points").split()) == 40
    grid = Image.open(io.BytesIO(archive.read("mine-all-40/samples.png"))).convert("RGB")
    # The base model above, the policy below, each as large as a tile.
    assert grid.size == (256, 520)
    assert (grid.getpixel((128, 128)), grid.getpixel((128, 392))) == ((200, 0, 0), (200, 40, 0))


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_the_card_tells_what_it_is_and_how_it_was_made(checkpoint, member):
    front, text = read_card(take_out(member, checkpoint))
    assert front["license"] == "other" and front["license_name"] == "stabilityai-ai-community"
    assert (front["base_model"], front["base_model_relation"]) == (HUB_MODEL, "adapter")
    assert (front["library_name"], front["pipeline_tag"]) == ("diffusers", "text-to-image")
    assert {"lora", "diffusers", "flow-dppo"} <= set(front["tags"])
    for words in (
        r"# mine \| all, iteration 40",
        "### Why\nTo see.",
        "with **Flow-DPPO**",
        "![Samples](samples.png)",
        "1. a circle (seed 1)",
        f'from_pretrained("{HUB_MODEL}"',
        f'pipe.load_lora_weights(".", weight_name="{LORA}")',
        "| `sandbox_soft_tifa` | 0.400 (0.380 to 0.420) | 0.500 (0.480 to 0.520) | +0.100 (+0.080 to +0.120) | 2 |",
        "| Iterations | 40 of 100 |",
    ):
        assert words in text, words
    assert "&#" not in text and "\n\n\n\n" not in text


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_a_run_that_has_only_weights_goes_out_too(lab, run, member):
    archive = take_out(member, add_checkpoint(run, 40, {LORA: b"weights"}), licence="mit")
    names = [name.removeprefix("mine-all-40/") for name in archive.namelist()]
    assert sorted(names) == ["README.md", "config.yaml", LORA]
    front, text = read_card(archive)
    assert front["license"] == "mit" and "This checkpoint was not scored." in text and "samples.png" not in text


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
def test_plain_diffusers_loads_it(lab, run, member, tmp_path):
    trained = make_pipeline()
    add_lora(trained.transformer, LoraConfig(rank=2, alpha=3), ("attn.to_q", "attn.to_v"), seed=1)
    for name, parameter in trained.transformer.named_parameters():
        if ".lora_B." in name:
            torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(2))
    save_lora(trained.transformer, type(trained), tmp_path)
    archive = take_out(member, add_checkpoint(run, 40, {LORA: (tmp_path / LORA).read_bytes()}))
    archive.extractall(tmp_path / "out")

    plain = make_pipeline()
    plain.load_lora_weights(tmp_path / "out" / "mine-all-40", weight_name=LORA)
    (loaded,) = plain.transformer.peft_config.values()
    assert (loaded.r, loaded.lora_alpha) == (2, 3)
    wanted = {name: value for name, value in trained.transformer.state_dict().items() if "lora_" in name}
    (adapter,) = plain.transformer.peft_config
    found = plain.transformer.state_dict()
    assert wanted and all(
        torch.equal(found[name.replace(f".{ONLY_ONE}.", f".{adapter}.")], value) for name, value in wanted.items()
    )


def test_the_page_shows_the_card_under_the_licence_that_is_chosen(checkpoint, member):
    address = f"/checkpoints/{checkpoint.id}/export/"
    assert "license_name: stabilityai-ai-community" in member.get(address).text
    assert "license: apache-2.0" in member.get(address, {"licence": "apache-2.0"}).text
    page = member.get(address, {"licence": "other", "licence_name": "Ours", "licence_link": "javascript:x"}).text
    assert "is no link to a licence" in page and "README.md</h2>" not in page
    assert f'href="{address}"' in member.get(f"/runs/{checkpoint.run_id}/").text


def test_without_a_licence_nothing_goes_out(checkpoint, member):
    Run.objects.filter(id=checkpoint.run_id).update(config=RunConfig().model_dump(mode="json"))
    page = member.get(f"/checkpoints/{checkpoint.id}/export/").text
    assert "choose one" in page and "Nothing is chosen" not in page and "aria-invalid" not in page
    answer = member.get(f"/checkpoints/{checkpoint.id}/model.zip")
    assert answer.status_code == 422 and "Nothing is chosen: say under which licence" in answer.text
    answer = member.get(f"/checkpoints/{checkpoint.id}/model.zip", {"licence": "base"})
    assert answer.status_code == 422


def test_weights_that_are_gone_are_told(lab, run, member):
    gone = add_checkpoint(run, 40)
    assert member.get(f"/checkpoints/{gone.id}/model.zip", {"licence": "mit"}).status_code == 410
    gone.removed = True
    gone.save()
    assert member.get(f"/checkpoints/{gone.id}/export/").status_code == 410


def test_licences_of_base_models_are_known():
    assert licence_of("Qwen/Qwen-Image") == Licence("apache-2.0")
    assert (
        licence_of("black-forest-labs/FLUX.1-dev").front_matter["license_name"] == "flux-1-dev-non-commercial-license"
    )
    assert licence_of("black-forest-labs/FLUX.2-klein-base-9B").name == "flux-non-commercial-license"
    assert licence_of("sandbox") is None
    assert read_licence("sandbox", "other", "Ours", "https://example.org/l").title == "Ours"
    for wrong in (("sandbox", "base"), ("sandbox", "gpl"), ("sandbox", "other", "", "https://e.org")):
        with pytest.raises(ValueError, match="licence"):
            read_licence(*wrong)
