import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from jobs import uploads
from jobs.uploads import pair, read_picture
from tests.platform.jobs.pictures import picture


def reread(png: bytes) -> Image.Image:
    with Image.open(io.BytesIO(png), formats=["PNG"]) as image:
        image.load()
    return image


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_picture_is_written_anew(kind):
    image = reread(read_picture(picture(kind=kind)))
    assert (image.size, image.mode) == ((32, 24), "RGB")


def test_nothing_but_the_picture_is_kept():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    exif[0x0112] = 6  # to be turned by a quarter
    kept = read_picture(picture(kind="JPEG", exif=exif))
    assert b"taken at home" not in kept and reread(kept).size == (24, 32)


def test_a_large_one_is_made_smaller():
    assert reread(read_picture(picture(size=(4096, 1024)))).size == (2048, 512)


@pytest.mark.parametrize(
    "content", [b"", b"#!/bin/sh", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_picture_is_refused_by_its_name(content):
    with pytest.raises(ValidationError, match="“x.png” is no picture: send PNG, JPEG or WebP."):
        read_picture(SimpleUploadedFile("x.png", content))


def test_a_cut_off_picture_is_refused():
    whole = picture(size=(400, 400), kind="JPEG").read()
    with pytest.raises(ValidationError, match="is no picture"):
        read_picture(SimpleUploadedFile("x.jpg", whole[: len(whole) // 2]))


def test_other_kinds_of_pictures_are_refused():
    with pytest.raises(ValidationError, match="is no picture"):
        read_picture(picture(kind="GIF"))


def test_sizes_are_bounded_before_a_picture_is_unpacked(monkeypatch):
    monkeypatch.setattr(uploads, "MAX_PIXELS", 100)
    with pytest.raises(ValidationError, match="32 × 24 pixels"):
        read_picture(picture())
    monkeypatch.setattr(uploads, "MAX_BYTES", 10)
    with pytest.raises(ValidationError, match="send a smaller file"):
        read_picture(picture())


def test_one_prompt_is_for_all_and_several_go_by_the_names_of_the_files():
    files = [picture("2.png", colour=(0, 0, 2)), picture("1.png", colour=(0, 0, 1))]
    assert [one.prompt for one in pair(files, ["a cat"])] == ["a cat", "a cat"]
    files = [picture("2.png", colour=(0, 0, 2)), picture("1.png", colour=(0, 0, 1))]
    paired = pair(files, ["first", "second"])
    assert [(reread(one.png).getpixel((0, 0))[2], one.prompt) for one in paired] == [(1, "first"), (2, "second")]


@pytest.mark.parametrize(
    ("num_files", "num_prompts", "message"),
    [(3, 2, "3 pictures and 2 prompts"), (17, 1, "17 pictures are too many"), (2, 0, "2 pictures and 0 prompts")],
)
def test_numbers_that_do_not_fit(num_files, num_prompts, message):
    with pytest.raises(ValidationError, match=message):
        pair([picture() for _ in range(num_files)], ["p"] * num_prompts)
