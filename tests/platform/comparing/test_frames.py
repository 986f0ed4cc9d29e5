"""The frames of a video, in sheets."""

import io
import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from django.core.files.storage import storages
from django.urls import reverse
from PIL import Image

from comparing import frames
from comparing.frames import SHEET_FRAMES, read_frames, read_sheet
from pictures.files import read_picture
from pictures.refs import Ref, ref_of
from runs.models import Run
from tests.platform.comparing.film import add_video
from tests.platform.lab import add_run

pytestmark = pytest.mark.django_db
COLORS = [(25 * number, 250 - 25 * number, 120) for number in range(SHEET_FRAMES + 2)]


@pytest.fixture
def run(lab) -> Run:
    return add_run(lab.experiment)


def test_every_frame_is_in_its_place(run):
    video = add_video(run, 4, COLORS, [40 + number for number in range(len(COLORS))])
    ref = ref_of(video)
    about = read_frames(ref, lambda: read_picture(video))
    assert (about.width, about.height, about.num_sheets) == (32, 24, 2)
    assert about.durations == [40 + number for number in range(len(COLORS))]
    for number, color in enumerate(COLORS):
        sheet, place = divmod(number, SHEET_FRAMES)
        with Image.open(io.BytesIO(read_sheet(ref, sheet, lambda: read_picture(video)).content)) as image:
            pixels = np.asarray(image.convert("RGB"))[24 * place : 24 * (place + 1)].reshape(-1, 3)
        assert np.abs(pixels.mean(axis=0) - color).max() < 4


def test_the_video_is_read_once(run):
    video, asked = add_video(run, 4), []

    def read():
        asked.append(1)
        return read_picture(video)

    for _ in range(3):
        read_frames(ref_of(video), read)
        read_sheet(ref_of(video), 0, read)
    assert len(asked) == 1


def test_large_frames_are_made_smaller(run):
    video = add_video(run, 4, size=(1280, 320))
    about = read_frames(ref_of(video), lambda: read_picture(video))
    assert (about.width, about.height) == (640, 160)


def test_a_picture_that_stands_still_has_one_frame(run):
    video = add_video(run, 4, [(9, 9, 9)])
    assert len(read_frames(ref_of(video), lambda: read_picture(video)).durations) == 1


def test_a_video_that_is_too_long_is_refused_and_nothing_stays(run, monkeypatch):
    monkeypatch.setattr(frames, "MOST_FRAMES", 2)
    video = add_video(run, 4)
    with pytest.raises(ValueError, match="has 3 frames: at most 2 can be compared"):
        read_frames(ref_of(video), lambda: read_picture(video))
    assert storages["local"].walk(frames.FOLDER) == []


def test_only_so_many_are_kept_and_those_seen_last_stay(run, monkeypatch):
    videos = [add_video(run, 4, COLORS[number:], index=number) for number in range(3)]
    kept = {}
    for video in videos[:2]:
        read_frames(ref_of(video), lambda video=video: read_picture(video))
        kept[video] = sum(file.num_bytes for file in storages["local"].walk(f"{frames.FOLDER}/{ref_of(video)}"))
    read_frames(ref_of(videos[0]), None)  # Is there, so that nothing is read.
    monkeypatch.setattr(frames, "KEPT_BYTES", kept[videos[0]])
    read_frames(ref_of(videos[2]), lambda: read_picture(videos[2]))
    names = {file.name.split("/")[-2] for file in storages["local"].walk(frames.FOLDER)}
    assert names == {str(ref_of(videos[0])), str(ref_of(videos[2]))}


def test_what_a_process_left_half_made_goes_in_time(run):
    video = add_video(run, 4)
    left = Path(storages["local"].path(frames.FOLDER)) / ".half-made"
    left.mkdir(parents=True)
    old = time.time() - 2 * frames.STALE_SECONDS
    os.utime(left, (old, old))
    read_frames(ref_of(video), lambda: read_picture(video))
    assert not left.exists()


def test_who_comes_second_leaves_what_is_there(run):
    video = add_video(run, 4)
    ref = ref_of(video)

    def read_while_another_is_faster():
        read_frames(ref, lambda: read_picture(video))
        return read_picture(video)

    assert len(read_frames(ref, read_while_another_is_faster).durations) == 3
    assert {file.name.split("/")[-2] for file in storages["local"].walk(frames.FOLDER)} == {str(ref)}


def test_over_http(run, lab, client):
    client.force_login(lab.viewer)
    video = add_video(run, 4)
    about = client.get(reverse("picture_frames", args=[f"s{video.id}"]))
    assert about.json() == {"width": 32, "height": 24, "durations": [100] * 3, "per_sheet": SHEET_FRAMES}
    sheet = client.get(reverse("picture_sheet", args=[f"s{video.id}", 0]))
    assert sheet["Content-Type"] == "image/webp" and "immutable" in sheet["Cache-Control"]
    again = client.get(reverse("picture_sheet", args=[f"s{video.id}", 0]), headers={"If-None-Match": sheet["ETag"]})
    assert again.status_code == 304
    assert client.get(reverse("picture_sheet", args=[f"s{video.id}", 1])).status_code == 404
    assert client.get(reverse("picture_frames", args=["x"])).status_code == 400


def test_a_file_that_is_gone_or_no_picture_is_not_found(run, lab, client, settings):
    client.force_login(lab.viewer)
    video = add_video(run, 4)
    file = settings.MEDIA_ROOT / run.folder / video.path
    file.write_bytes(b"no picture")
    assert client.get(reverse("picture_frames", args=[f"s{video.id}"])).status_code == 404
    shutil.rmtree(file.parent)
    assert client.get(reverse("picture_frames", args=[f"s{video.id}"])).status_code == 404
    assert client.get(reverse("picture_frames", args=[str(Ref("s", 10**9))])).status_code == 404
