"""What can be taken home from a run."""

import asyncio
import io
import shutil
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from asgiref.sync import async_to_sync
from django.conf import settings
from django.test import AsyncClient
from django.urls import reverse

from core.storage import FolderFiles
from flowdppo_engine.config import RunConfig
from runs.models import Checkpoint
from runs.zip_stream import BLOCK, FolderZip
from tests.platform.lab import CONFIG, add_checkpoint, add_lines, add_run

FILES = {
    "pytorch_lora_weights.safetensors": b"lora" * 1000,
    "optimizer.safetensors": b"o" * (2 * BLOCK + 7),
    "empty.json": b"",
}


@pytest.fixture
def checkpoint(lab) -> Checkpoint:
    return add_checkpoint(add_run(lab.experiment, "Seed 0, threshold 1e-5"), 20, FILES)


@async_to_sync
async def fetch(person, address: str):
    """As the server sends it, block by block."""
    client = AsyncClient()
    await client.aforce_login(person)
    response = await client.get(address)
    return response, b"".join([block async for block in response.streaming_content])


async def read_whole(stream, after_first_block) -> bytes:
    first = await anext(stream)
    after_first_block()
    return first + b"".join([block async for block in stream])


def run_in_own_thread(coroutine):
    """Browser tests leave an event loop running in the main thread, where no second one may run."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def test_a_checkpoint_comes_as_a_zip(checkpoint, lab):
    response, content = fetch(lab.viewer, reverse("checkpoint_zip", args=[checkpoint.id]))
    assert response["Content-Disposition"] == 'attachment; filename="seed-0-threshold-1e-5-step-000040.zip"'
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {f"step-000040/{name}": data for name, data in FILES.items()}


def test_the_lora_comes_alone(checkpoint, lab):
    response, content = fetch(lab.viewer, reverse("checkpoint_lora", args=[checkpoint.id]))
    assert content == FILES["pytorch_lora_weights.safetensors"]
    assert response["Content-Disposition"].endswith('step-000040.safetensors"')


def test_the_whole_log_comes_as_text(checkpoint, lab):
    add_lines(checkpoint.run, "first", "second")
    _, content = fetch(lab.viewer, reverse("run_log_text", args=[checkpoint.run_id]))
    assert [line.split("info")[1].strip() for line in content.decode().splitlines()] == ["first", "second"]


@pytest.mark.parametrize("name", ["checkpoint_zip", "checkpoint_lora"])
def test_a_checkpoint_whose_files_are_gone_says_so(name, lab, member):
    checkpoint = add_checkpoint(add_run(lab.experiment), 20)
    response = member.get(reverse(name, args=[checkpoint.id]))
    assert response.status_code == 410
    assert "checkpoint.keep_last" in response.text


@pytest.mark.parametrize("name", ["checkpoint_zip", "checkpoint_lora"])
def test_no_path_leads_out_of_the_run_folder(name, lab, member):
    checkpoint = add_checkpoint(add_run(lab.experiment), 20)
    outside = Path(settings.MEDIA_ROOT) / "outside"
    outside.mkdir(parents=True)
    (outside / "pytorch_lora_weights.safetensors").write_text("secret")
    for path in ("../../outside", str(outside)):
        Checkpoint.objects.filter(id=checkpoint.id).update(path=path)
        assert member.get(reverse(name, args=[checkpoint.id])).status_code == 404


def test_a_folder_that_is_deleted_meanwhile_still_arrives_whole(tmp_path):
    folder = tmp_path / "step-000040"
    folder.mkdir()
    for name, data in FILES.items():
        (folder / name).write_bytes(data)
    archive = FolderZip("step-000040", FolderFiles(tmp_path).walk("step-000040"), at_once=True)
    reading = read_whole(aiter(archive), after_first_block=lambda: shutil.rmtree(folder))
    content = run_in_own_thread(reading)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.read("step-000040/optimizer.safetensors") == FILES["optimizer.safetensors"]


def test_the_configuration_comes_as_yaml(lab, member):
    run = add_run(lab.experiment, "Größe 1")
    response = member.get(reverse("run_config", args=[run.id]))
    assert response["Content-Disposition"] == 'attachment; filename="groe-1.yaml"'
    assert RunConfig.model_validate(yaml.safe_load(response.content)) == RunConfig.model_validate(CONFIG)
