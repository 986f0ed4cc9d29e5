"""What the web process hands out of a real S3 bucket: the same bytes, to the same people, as of a folder."""

import io
import zipfile

import pytest
from asgiref.sync import async_to_sync
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.test import AsyncClient
from django.urls import reverse
from PIL import Image

from runs import stored_files
from runs.media import THUMBNAIL_BYTES
from runs.models import Checkpoint, Sample
from tests.platform.lab import add_checkpoint, add_run, add_sample, resume
from tests.platform.runs.synthetic_run import noise_picture

FILES = {"pytorch_lora_weights.safetensors": b"0123456789" * 300_000, "inner/optimizer.bin": b"o" * 1000, "empty": b""}


@pytest.fixture(params=["folder", "bucket"])
def kept_in(request, lab) -> str:
    if request.param == "bucket":
        request.getfixturevalue("s3_files")
    return request.param


@pytest.fixture
def checkpoint(kept_in, lab) -> Checkpoint:
    made = add_checkpoint(add_run(lab.experiment, "Seed 0"), 20)
    for name, content in FILES.items():
        default_storage.save(f"{stored_files.name_of(made)}/{name}", ContentFile(content))
    return made


@pytest.fixture
def sample(kept_in, lab) -> Sample:
    made = add_sample(add_run(lab.experiment), 4)
    buffer = io.BytesIO()
    noise_picture(512).save(buffer, "PNG")
    default_storage.save(stored_files.name_of(made), ContentFile(buffer.getvalue()))
    return made


@async_to_sync
async def fetch(person, address: str, **headers: str):
    client = AsyncClient()
    await client.aforce_login(person)
    response = await client.get(address, headers=headers)
    return response, b"".join([block async for block in response.streaming_content])


def test_a_picture_and_its_thumbnail(kept_in, sample, member):
    picture = member.get(reverse("sample_picture", args=[sample.id]))
    assert picture.content == default_storage.open_from(stored_files.name_of(sample)).read()
    thumbnail = member.get(reverse("sample_thumbnail", args=[sample.id]))
    assert len(thumbnail.content) <= THUMBNAIL_BYTES
    with Image.open(io.BytesIO(thumbnail.content)) as image:
        assert image.size == (320, 320)
    # It is kept on this machine, so that a page of a thousand tiles does not ask the bucket a thousand times.
    assert storages["local"].exists(f"thumbnails/{sample.id}.webp")
    default_storage.delete(stored_files.name_of(sample))
    assert member.get(reverse("sample_thumbnail", args=[sample.id])).content == thumbnail.content
    assert member.get(reverse("sample_picture", args=[sample.id])).status_code == 404


def test_a_stranger_gets_neither(kept_in, sample, checkpoint, lab, as_person):
    stranger = as_person(lab.stranger)
    for name, row in (("sample_picture", sample), ("sample_thumbnail", sample), ("checkpoint_lora", checkpoint)):
        assert stranger.get(reverse(name, args=[row.id])).status_code == 404


def test_a_checkpoint_comes_whole_as_a_zip(checkpoint, lab):
    _, content = fetch(lab.viewer, reverse("checkpoint_zip", args=[checkpoint.id]))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {f"step-000040/{name}": data for name, data in FILES.items()}


def test_a_download_goes_on_where_it_broke_off(checkpoint, lab):
    whole = FILES["pytorch_lora_weights.safetensors"]
    ranges = {
        "bytes=0-9": (0, 9),
        "bytes=2999990-": (2_999_990, 2_999_999),
        "bytes=-3": (2_999_997, 2_999_999),
        "bytes=5-99999999": (5, 2_999_999),
        "bytes=-99999999": (0, 2_999_999),
    }
    for asked, (first, last) in ranges.items():
        response, content = fetch(lab.viewer, reverse("checkpoint_lora", args=[checkpoint.id]), Range=asked)
        assert (response.status_code, content) == (206, whole[first : last + 1]), asked
        assert response["Content-Range"] == f"bytes {first}-{last}/{len(whole)}"
        assert response["Content-Length"] == str(len(content))


def test_what_is_no_single_range_gets_the_whole(checkpoint, lab):
    for asked in ("", "bytes=0-1,5-6", "items=0-9", "bytes=-", "bytes=9-2", "bytes=a-b"):
        response, content = fetch(lab.viewer, reverse("checkpoint_lora", args=[checkpoint.id]), Range=asked)
        assert (response.status_code, content) == (200, FILES["pytorch_lora_weights.safetensors"]), asked
        assert response["Accept-Ranges"] == "bytes"


def test_a_range_behind_the_end_is_refused(checkpoint, member):
    response = member.get(reverse("checkpoint_lora", args=[checkpoint.id]), headers={"Range": "bytes=3000000-"})
    assert (response.status_code, response["Content-Range"]) == (416, "bytes */3000000")


def test_a_checkpoint_that_was_deleted_says_so(checkpoint, member):
    for file in default_storage.walk(stored_files.name_of(checkpoint)):
        default_storage.delete(file.name)
    for name in ("checkpoint_zip", "checkpoint_lora"):
        response = member.get(reverse(name, args=[checkpoint.id]))
        assert response.status_code == 410 and "checkpoint.keep_last" in response.text


def test_no_path_leads_out_of_the_run_folder(kept_in, checkpoint, sample, member):
    default_storage.save("outside/pytorch_lora_weights.safetensors", ContentFile(b"secret"))
    for path in ("../../outside", "/etc", "checkpoints/../../../outside", "", "."):
        Checkpoint.objects.filter(id=checkpoint.id).update(path=path)
        Sample.objects.filter(id=sample.id).update(path=f"{path}/000.png")
        assert member.get(reverse("checkpoint_zip", args=[checkpoint.id])).status_code == 404
        assert member.get(reverse("checkpoint_lora", args=[checkpoint.id])).status_code == 404
        assert member.get(reverse("sample_picture", args=[sample.id])).status_code == 404


def test_in_a_bucket_each_attempt_has_a_folder_of_its_own(s3_files, lab):
    run = add_run(lab.experiment)
    first = add_sample(run, 4)
    second = add_sample(run, 4) if resume(run, 2) else None
    names = [stored_files.name_of(sample) for sample in (first, second)]
    assert names == [f"runs/{run.id}/attempt-{number}/samples/step-000008/000.png" for number in (1, 2)]
