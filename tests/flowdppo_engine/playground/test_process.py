"""The drawing process as it is: what it answers, and what cannot kill it."""

import json
import os
import threading

import pytest
import torch
from PIL import Image

from flowdppo_engine.evaluation.picture_files import save_picture
from flowdppo_engine.playground.messages import parse_reply
from flowdppo_engine.playground.process import Desk
from flowdppo_engine.playground.warm import WarmModels


@pytest.fixture
def request_of(painters, tmp_path):
    def request_of(name: str, places, **values) -> dict:
        return {
            "type": "draw", "id": name, "folder": str(tmp_path / name), "prompt": "a red cat", "num_steps": 4,
            "guidance_scale": 1.0, "painters": [painter.model_dump(mode="json") for painter in painters],
            "places": [{"index": index, "painter": painter, "seed": seed} for index, painter, seed in places],
        } | values  # fmt: skip

    return request_of


def test_pictures_come_one_by_one_and_are_the_evaluations(drawing, request_of, evaluated, tmp_path):
    drawing.ask(request_of("one", [(0, 0, 3), (1, 1, 3), (5, 2, 4)]))
    *pictures, last = drawing.hear_all()
    assert last.type == "done" and [picture.index for picture in pictures] == [0, 1, 5]
    assert all(picture.seconds > 0 for picture in pictures)
    of = {0: (None, 3), 1: ("step-000002", 3), 5: ("step-000004", 4)}
    for picture in pictures:
        checkpoint, seed = of[picture.index]
        save_picture(evaluated(checkpoint, "a red cat", [seed])[0], tmp_path / "same")
        assert Image.open(picture.path).tobytes() == Image.open(tmp_path / "same.png").tobytes()


@pytest.mark.parametrize(
    ("line", "name", "error"),
    [
        (b"{", "", "Invalid JSON"),
        (b"[1]", "", "should be an object"),
        (b'{"type": "dance", "id": "x"}', "x", "dance"),
        (b'{"type": "draw", "id": "x"}', "x", "folder: Field required"),
        (b'{"type": "draw", "id": "x", "prompt": "' + b"a" * 5_000_000 + b'"}', "", "Invalid JSON"),
    ],
)
def test_a_line_that_is_no_request_is_answered(drawing, line, name, error):
    drawing.ask(line)
    (answer,) = drawing.hear_all()
    assert (answer.type, answer.id) == ("refused", name) and error in answer.error


def test_what_cannot_be_drawn_is_told_and_the_next_is_drawn(drawing, request_of):
    painter = request_of("", [])["painters"][1]
    gone = painter | {"adapter": {"key": "gone", "folder": "/nowhere"}}
    no_model = painter | {"config": painter["config"] | {"model": {**painter["config"]["model"], "source": "/gone"}}}
    drawing.ask(request_of("a", [(0, 0, 1)], painters=[gone]))
    drawing.ask(request_of("b", [(0, 0, 1)], painters=[no_model]))
    drawing.ask(request_of("c", [(0, 1, 1)]))
    first, second, *third = (*drawing.hear_all(), *drawing.hear_all(), *drawing.hear_all())
    assert first.type == "refused" and "FileNotFoundError" in first.error and "choose another one" in first.hint
    assert second.type == "refused" and "ModelNotFound" in second.error and "model.source" in second.hint
    assert [reply.type for reply in third] == ["picture", "done"]


def test_without_places_models_are_loaded(drawing, request_of):
    drawing.ask(request_of("warm", []))
    assert [reply.type for reply in drawing.hear_all()] == ["done"]


def test_one_that_is_cancelled_ends_between_steps(drawing, request_of):
    drawing.ask(request_of("long", [(0, 1, 1)], num_steps=200))
    drawing.ask(request_of("next", [(0, 1, 1)]))
    while drawing.hear().type != "step":
        pass
    drawing.ask({"type": "cancel", "id": "long"})
    drawing.ask({"type": "cancel", "id": "unknown"})
    assert [reply.type for reply in drawing.hear_all()] == ["cancelled"]
    assert [reply.type for reply in drawing.hear_all()] == ["picture", "done"]


@pytest.fixture
def desk():
    """A desk in this process: what it reads, what it says, and its thread."""
    pipes = [os.pipe(), os.pipe()]
    (requests, to_ask), (to_hear, replies) = [(os.fdopen(read, "rb"), os.fdopen(write, "wb")) for read, write in pipes]
    models = WarmModels(torch.device("cpu"), 0)
    thread = threading.Thread(target=Desk(models, requests, replies).serve)
    thread.start()
    yield to_ask, to_hear, thread
    for file in (to_ask, to_hear, requests):
        file.close()


def test_it_ends_with_its_input_in_the_midst_of_a_picture(desk, request_of):
    to_ask, to_hear, thread = desk
    request = request_of("long", [(place, 1, 1) for place in range(1000)], num_steps=200)
    to_ask.write(json.dumps(request).encode() + b"\n")
    to_ask.flush()
    while parse_reply(to_hear.readline()).type != "step":
        pass
    to_ask.close()
    thread.join(timeout=600)
    assert not thread.is_alive()


def test_it_ends_when_nobody_hears_it_any_more(desk, request_of):
    to_ask, to_hear, thread = desk
    assert parse_reply(to_hear.readline()).type == "ready"
    to_hear.close()
    to_ask.write(json.dumps(request_of("one", [(0, 1, 1)])).encode() + b"\n")
    to_ask.flush()
    thread.join(timeout=600)
    assert not thread.is_alive()
