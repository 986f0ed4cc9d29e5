"""Files in a folder and in a bucket behave alike."""

import logging
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage, storages
from django.test import Client
from django.urls import reverse

from core import file_settings
from core.storage import FilesAway
from teams.api_tokens import make_token
from teams.models import Scope
from tests import s3_server
from tests.platform.lab import add_run, add_sample

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture(params=["folder", "bucket"])
def files(request, settings, tmp_path):
    if request.param == "bucket":
        request.getfixturevalue("s3_files")
    settings.MEDIA_ROOT = tmp_path / "files"
    return default_storage


@pytest.fixture
def away(s3_files, monkeypatch):
    """The bucket's server does not answer."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", NOWHERE)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")


def put(files, name: str, content: bytes) -> None:
    assert files.save(name, ContentFile(content)) == name


def test_a_file_is_read_from_any_byte_on(files):
    put(files, "runs/a/file.bin", b"0123456789")
    for start, rest in ((0, b"0123456789"), (4, b"456789"), (9, b"9")):
        assert files.open_from("runs/a/file.bin", start).read() == rest
    assert files.num_bytes("runs/a/file.bin") == 10


def test_a_file_that_is_not_there_is_not_found(files):
    for ask in (files.open_from, files.num_bytes, files.walk):
        with pytest.raises(FileNotFoundError):
            ask("runs/a/nothing")


def test_a_folder_is_listed_with_all_that_is_in_it_and_nothing_beside(files):
    content = {"c/one": b"1", "c/inner/two": b"22", "c/empty": b"", "c-other/three": b"3"}
    for name, data in content.items():
        put(files, name, data)
    found = files.walk("c")
    assert [(file.name, file.num_bytes) for file in found] == [("c/empty", 0), ("c/inner/two", 2), ("c/one", 1)]
    assert [file.open().read() for file in found] == [b"", b"22", b"1"]


def test_the_whole_storage_is_listed_under_the_same_names(files):
    put(files, "runs/a/one", b"1")
    put(files, "top", b"22")
    assert [(file.name, file.open().read()) for file in files.walk("")] == [("runs/a/one", b"1"), ("top", b"22")]


def test_a_storage_that_works_says_nothing(files):
    assert files.probe() is None


def test_files_go_up_and_come_down_whole(s3_files, tmp_path):
    source = tmp_path / "source"
    source.write_bytes(b"x" * 9_000_000)
    default_storage.put("runs/a/large", source)
    default_storage.fetch("runs/a/large", tmp_path / "new" / "copy")
    assert (tmp_path / "new" / "copy").read_bytes() == source.read_bytes()
    with pytest.raises(FileNotFoundError):
        default_storage.fetch("runs/a/none", tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        default_storage.put("runs/a/none", tmp_path / "missing")


def test_a_folder_is_deleted_and_its_neighbour_is_not(s3_files):
    for name in ("step-1/a", "step-1/b/c", "step-10/a"):
        put(default_storage, name, b"x")
    default_storage.delete_folder("step-1")
    default_storage.delete_folder("step-1")
    with pytest.raises(FileNotFoundError):
        default_storage.walk("step-1")
    assert [file.name for file in default_storage.walk("step-10")] == ["step-10/a"]


def test_a_bucket_that_does_not_answer_is_not_an_empty_one(away):
    for ask in (default_storage.open_from, default_storage.num_bytes, default_storage.walk):
        with pytest.raises(FilesAway):
            ask("runs/a/file")
    with pytest.raises(FilesAway):
        default_storage.probe()


def test_a_bucket_that_is_not_there_or_not_ours_is_told_without_its_keys(s3_files, settings, monkeypatch):
    settings.STORAGES = {**settings.STORAGES, "default": file_settings.s3("s3://another")}
    with pytest.raises(FilesAway, match="NoSuchBucket"):
        default_storage.probe()
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    settings.STORAGES = {**settings.STORAGES, "default": file_settings.s3(s3_files)}
    with pytest.raises(FilesAway, match="SignatureDoesNotMatch") as refused:
        default_storage.probe()
    assert s3_server.KEY not in str(refused.value) and "wrong" not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_told(settings, tmp_path):
    (tmp_path / "file").touch()
    settings.MEDIA_ROOT = tmp_path / "file" / "files"
    with pytest.raises(FilesAway, match="cannot be made"):
        default_storage.probe()


def test_a_page_says_that_the_files_are_away(lab, member, away, caplog):
    sample = add_sample(add_run(lab.experiment), 1)
    with caplog.at_level(logging.ERROR, logger="core"):
        response = member.get(reverse("sample_picture", args=[sample.id]))
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "Runs go on" in response.text and "file storage does not answer" in caplog.text


def test_the_api_says_so_in_its_own_shape(lab, away):
    sample = add_sample(add_run(lab.experiment), 1)
    token = make_token(lab.viewer, "for a test", Scope.READ, 1).text
    response = Client().get(f"/api/v1/samples/{sample.id}/picture", headers={"Authorization": f"Bearer {token}"})
    assert (response.status_code, response["Retry-After"]) == (503, "30")
    assert "file storage does not answer" in response.json()["error"]


@pytest.mark.parametrize("url", ["s3://", "s3://UPPER", "http://host/bucket", "bucket", "s3://bucket/../up?x"])
def test_what_is_no_bucket_is_refused_with_the_remedy(url, monkeypatch):
    monkeypatch.setenv("FILES_URL", url)
    with pytest.raises(ImproperlyConfigured, match="give s3://bucket or s3://bucket/folder"):
        file_settings.storages(environ.Env(), Path("files"))


def test_without_a_bucket_files_lie_in_the_data_folder(monkeypatch, settings):
    monkeypatch.delenv("FILES_URL", raising=False)
    found = file_settings.storages(environ.Env(), Path("files"))
    assert found["default"] == found["local"] == {"BACKEND": file_settings.FOLDER}
    assert storages["local"].location == str(settings.MEDIA_ROOT)


def test_a_folder_is_kept_in_another_place_whatever_becomes_of_the_first(files, tmp_path):
    content = {"c/one": b"1", "c/inner/two": b"22"}
    for name, data in content.items():
        put(files, name, data)
    files.copy_folder("c", "runs/new/start")
    for name in content:
        files.delete(name)
    found = files.walk("runs/new/start")
    assert [file.name for file in found] == ["runs/new/start/inner/two", "runs/new/start/one"]
    assert [file.open().read() for file in found] == [b"22", b"1"]
    with pytest.raises(FileNotFoundError):
        files.copy_folder("nothing", "runs/other/start")
    with pytest.raises(FileNotFoundError):
        files.walk("runs/other")
