"""The bytes of drawings."""

import io
from pathlib import Path

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image

from tests.platform.lab import add_run
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db


def test_the_picture_is_as_it_was_drawn_and_the_thumbnail_small(lab, client):
    client.force_login(lab.viewer)
    drawing = add_drawing(add_run(lab.experiment))
    whole = client.get(reverse("drawing_picture", args=[drawing.id]))
    assert Image.open(io.BytesIO(whole.content)).size == (400, 400)
    small = client.get(reverse("drawing_thumbnail", args=[drawing.id]))
    assert Image.open(io.BytesIO(small.content)).size == (320, 320) and len(small.content) <= 25_000
    assert whole["ETag"] != small["ETag"] and "immutable" in small["Cache-Control"]


def test_a_drawing_whose_file_is_gone_is_not_found(lab, client):
    client.force_login(lab.viewer)
    drawing = add_drawing(add_run(lab.experiment))
    drawing.path = "drawings/gone.png"
    drawing.save()
    for name in ("drawing_picture", "drawing_thumbnail"):
        assert client.get(reverse(name, args=[drawing.id])).status_code == 404


@pytest.mark.parametrize("content", [b"no picture", None], ids=["no picture", "cut short"])
def test_a_thumbnail_of_what_is_no_picture_is_not_found(content, lab, client):
    client.force_login(lab.viewer)
    drawing = add_drawing(add_run(lab.experiment))
    file = Path(default_storage.path(drawing.path))
    file.write_bytes(content or file.read_bytes()[:-300])
    assert client.get(reverse("drawing_thumbnail", args=[drawing.id])).status_code == 404
