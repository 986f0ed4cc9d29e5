"""Nothing that a voter gets tells which policy drew what."""

import io
import json
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import reverse
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from pictures.models import Drawing
from pictures.policies import PolicyRef, find_policies
from pictures.refs import parse_ref
from tests.platform.lab import add_run, add_sample
from tests.platform.votes.ballot_box import add_vote
from votes import blind, services
from votes.drawn import read_drawn

SECRET = "checkpoint-step-40"


def file_of(name: str) -> Path:
    return Path(settings.MEDIA_ROOT) / Drawing.objects.get(id=parse_ref(name).id).path


def video(comment: bytes = b"", color: str = "red") -> bytes:
    frames = [Image.new("RGB", (24, 16), name) for name in (color, "green", "blue")]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "WEBP", save_all=True, append_images=frames[1:], duration=[60, 80, 100], loop=0, lossless=True,
        **({"xmp": comment, "exif": b"Exif\0\0" + comment} if comment else {}),
    )  # fmt: skip
    return buffer.getvalue()


def test_an_image_is_its_pixels_and_nothing_else():
    image = Image.effect_noise((48, 32), 60).convert("RGB")
    told = PngInfo()
    told.add_text("prompt", SECRET)
    contents = []
    for options in ({"format": "PNG", "pnginfo": told, "dpi": (72, 72)}, {"format": "PNG", "optimize": True}):
        buffer = io.BytesIO()
        image.save(buffer, **options)
        contents.append(buffer.getvalue())
    bare = [blind.strip(content) for content in contents]
    assert SECRET.encode() in contents[0]
    assert bare[0] == bare[1] and bare[0].content_type == "image/png"
    found = Image.open(io.BytesIO(bare[0].content))
    assert found.info == {} and found.tobytes() == image.tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_every_kind_of_image_becomes_the_same_kind(kind):
    buffer = io.BytesIO()
    Image.new("RGBA" if kind != "JPEG" else "RGB", (40, 40), "teal").save(buffer, kind)
    assert blind.strip(buffer.getvalue()).content_type == "image/png"


def test_of_a_video_the_frames_stay_and_the_words_go():
    told, plain = video(SECRET.encode()), video()
    bare = blind.strip(told)
    assert bare.content_type == "image/webp" and SECRET.encode() in told
    assert bare == blind.strip(plain) and len(bare.content) == int.from_bytes(bare.content[4:8], "little") + 8
    with Image.open(io.BytesIO(bare.content)) as found, Image.open(io.BytesIO(plain)) as expected:
        assert found.n_frames == 3 and "xmp" not in found.info and "exif" not in found.info
        for frame in range(3):
            found.seek(frame), expected.seek(frame)
            assert found.convert("RGB").tobytes() == expected.convert("RGB").tobytes()
            assert found.info["duration"] == expected.info["duration"]


@pytest.mark.django_db
def test_each_side_has_the_picture_that_was_drawn_for_it(lab, as_person):
    vote = add_vote(lab)
    ballot = services.issue(lab.viewer, vote)[0]
    client = as_person(lab.viewer)
    for side in ("left", "right"):
        is_first = (side == "left") == ballot.first_is_left
        name = ballot.pair.first_picture if is_first else ballot.pair.second_picture
        answer = client.get(reverse(f"ballot_{side}", args=[ballot.id]))
        shown = Image.open(io.BytesIO(answer.content))
        assert shown.tobytes() == Image.open(file_of(name)).convert("RGB").tobytes()


@pytest.mark.django_db
def test_samples_of_runs_are_shown_as_drawings_are(lab, as_person):
    run = add_run(lab.experiment)
    for iteration, color in ((0, "red"), (40, "blue")):
        file = Path(settings.MEDIA_ROOT) / run.folder / add_sample(run, iteration).path
        file.parent.mkdir(parents=True)
        Image.new("RGB", (32, 32), color).save(file)
    policies = list(find_policies(lab.member, [PolicyRef(run.id, iteration) for iteration in (0, 40)]).values())
    drawn = read_drawn(lab.member, policies)
    vote = services.start_vote(lab.member, lab.team, "Which?", policies, drawn, 60)
    (ballot,) = services.issue(lab.viewer, vote)
    client = as_person(lab.viewer)
    shown = [client.get(reverse(f"ballot_{side}", args=[ballot.id])).content for side in ("left", "right")]
    colors = [Image.open(io.BytesIO(content)).getpixel((0, 0)) for content in shown]
    assert colors == [(255, 0, 0), (0, 0, 255)][:: 1 if ballot.first_is_left else -1]


@pytest.mark.django_db
def test_answers_headers_and_addresses_tell_no_policy(lab, as_person):
    run = add_run(lab.experiment, "secret-run-name")
    vote = add_vote(lab, run)
    client = as_person(lab.viewer)
    state = client.post(reverse("vote_next", args=[vote.id]))
    page = client.get(reverse("vote", args=[vote.id]))
    ballots = state.json()["ballots"]
    assert [sorted(ballot) for ballot in ballots] == [["answer", "id", "left", "prompt", "right"]] * 2
    assert {address.count(ballot["id"]) for ballot in ballots for address in (ballot["left"], ballot["right"])} == {1}
    pictures = [client.get(ballot[side]) for ballot in ballots for side in ("left", "right")]
    headers = [
        {name: text for name, text in answer.headers.items() if name != "Content-Length"} for answer in pictures
    ]
    assert all(header == headers[0] for header in headers)
    assert not {"ETag", "Last-Modified", "Content-Disposition"} & set(headers[0])
    told = [state.text, page.text, *(json.dumps(header) for header in headers)]
    names = [*vote.pairs.values_list("first_picture", flat=True), *vote.pairs.values_list("second_picture", flat=True)]
    for text in told:
        assert "secret-run-name" not in text and str(run.id) not in text and "drawings" not in text
        assert not any(f'"{name}"' in text for name in names)


@pytest.mark.django_db
def test_a_ballot_and_its_pictures_are_one_persons(lab, as_person):
    vote = add_vote(lab)
    ballot = services.issue(lab.viewer, vote)[0]
    addresses = [reverse(f"ballot_{side}", args=[ballot.id]) for side in ("left", "right")]
    for person, status in ((lab.viewer, 200), (lab.owner, 404), (lab.stranger, 404), (None, 401)):
        assert {as_person(person).get(address).status_code for address in addresses} == {status}


@pytest.mark.django_db
@pytest.mark.parametrize("loss", ["file", "drawing", "pixels"])
def test_a_picture_that_cannot_be_shown_is_not_found_and_its_pair_comes_no_more(lab, as_person, loss):
    vote = add_vote(lab)
    ballot = services.issue(lab.viewer, vote)[0]
    name = ballot.picture_on("left")
    if loss == "file":
        file_of(name).unlink()
    elif loss == "drawing":
        Drawing.objects.filter(id=parse_ref(name).id).delete()
    else:
        file_of(name).write_bytes(b"no picture")
    assert as_person(lab.viewer).get(reverse("ballot_left", args=[ballot.id])).status_code == 404
    ballot.pair.refresh_from_db()
    assert ballot.pair.is_gone and ballot not in services.issue(lab.viewer, vote)
