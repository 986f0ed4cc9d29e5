"""Pictures by id: the right bytes, and only for the team."""

import io

import numpy as np
import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from PIL import Image, ImageSequence

from runs.media import THUMBNAIL_BYTES
from runs.models import Run, Sample
from teams.models import Membership, User
from tests.platform.lab import add_group
from tests.platform.runs.synthetic_run import SyntheticRun

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def member(client, experiment) -> User:
    user = User.objects.create_user("member", "member@example.org")
    Membership.objects.create(team=experiment.team, user=user, role="viewer")
    client.force_login(user, backend=BACKEND)
    return user


@pytest.fixture
def stranger(client, db) -> User:
    user = User.objects.create_user("stranger", "stranger@example.org")
    client.force_login(user, backend=BACKEND)
    return user


@pytest.fixture
def synthetic(experiment) -> SyntheticRun:
    return SyntheticRun(experiment)


def only_sample(synthetic: SyntheticRun, size: int = 64) -> Sample:
    synthetic.draw(0, size=size)
    return Sample.objects.get(run=synthetic.id)


def stored(sample: Sample) -> bytes:
    with default_storage.open(f"{sample.run.folder}/{sample.path}") as file:
        return file.read()


def addresses(sample: Sample) -> list[str]:
    return [reverse(name, args=[sample.id]) for name in ("sample_picture", "sample_thumbnail")]


def test_a_member_gets_the_picture_as_it_was_drawn(client, member, synthetic):
    sample = only_sample(synthetic)
    response = client.get(reverse("sample_picture", args=[sample.id]))
    assert response.content == stored(sample)
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_small_picture_is_its_own_thumbnail(client, member, synthetic):
    sample = only_sample(synthetic, size=64)
    assert client.get(reverse("sample_thumbnail", args=[sample.id])).content == stored(sample)


def test_a_large_picture_gets_a_light_thumbnail_that_is_made_once(client, member, synthetic):
    sample = only_sample(synthetic, size=512)
    address = reverse("sample_thumbnail", args=[sample.id])
    made = client.get(address)
    assert made.headers["Content-Type"] == "image/webp"
    assert len(made.content) <= THUMBNAIL_BYTES
    with Image.open(io.BytesIO(made.content)) as image:
        assert image.size == (320, 320)
    default_storage.delete(f"{sample.run.folder}/{sample.path}")
    assert client.get(address).content == made.content


def test_a_video_moves_in_full_and_stands_still_in_its_tile(client, member, synthetic):
    synthetic.draw_video(0, num_frames=5, size=512)
    sample = Sample.objects.get(run=synthetic.id)
    video, tile = (client.get(address) for address in addresses(sample))
    assert video.content == stored(sample) and len(tile.content) <= THUMBNAIL_BYTES
    assert video.headers["Content-Type"] == tile.headers["Content-Type"] == "image/webp"
    with Image.open(io.BytesIO(video.content)) as moving, Image.open(io.BytesIO(tile.content)) as still:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(moving)]
        assert len(frames) == 5 and still.n_frames == 1 and still.size == (320, 320)
        first = np.asarray(frames[0].resize(still.size), dtype=float)
        assert np.abs(first - np.asarray(still.convert("RGB"))).mean() < 20


def test_a_small_video_stands_still_too(client, member, synthetic):
    synthetic.draw_video(0, num_frames=3, size=64)
    sample = Sample.objects.get(run=synthetic.id)
    video, tile = (client.get(address) for address in addresses(sample))
    assert video.headers["ETag"] != tile.headers["ETag"]
    with Image.open(io.BytesIO(tile.content)) as still:
        assert (still.n_frames, still.size) == (1, (64, 64))


def test_what_training_drew_is_not_among_the_samples_that_the_panel_compares(client, member, synthetic):
    synthetic.draw(10, num_samples=1)
    add_group(Run.objects.get(id=synthetic.id), 10, [1.0, -1.0])
    answer = client.get(reverse("run_samples"), {"run": synthetic.id, "iteration": 10}).json()
    assert [sample["prompt"] for sample in answer["samples"]] == ["a circle"]
    series = client.get(reverse("run_series"), {"runs": synthetic.id}).json()
    add_group(Run.objects.get(id=synthetic.id), 11, [1.0, -1.0])
    assert client.get(reverse("run_series"), {"runs": synthetic.id}).json()["runs"][0]["sample_iterations"] == [10]
    assert series["runs"][0]["sample_iterations"] == [10]


def test_a_stranger_gets_no_picture_and_no_hint(client, stranger, synthetic):
    sample = only_sample(synthetic)
    for address in addresses(sample):
        assert client.get(address).status_code == 404
        assert client.get(address, headers={"If-None-Match": f'"{sample.id}"'}).status_code == 404
    assert client.get(reverse("run_samples"), {"run": synthetic.id, "iteration": 0}).json() == {"samples": []}


def test_who_is_not_signed_in_gets_401(client, synthetic):
    for address in addresses(only_sample(synthetic)):
        assert client.get(address).status_code == 401


def test_a_known_picture_is_not_sent_again(client, member, synthetic):
    for address in addresses(only_sample(synthetic)):
        etag = client.get(address).headers["ETag"]
        again = client.get(address, headers={"If-None-Match": etag})
        assert (again.status_code, again.content) == (304, b"")


def test_a_rolled_back_picture_is_gone(client, member, synthetic):
    synthetic.draw(10)
    synthetic.stop_and_resume(5)
    sample = Sample.objects.get(run=synthetic.id)
    assert [client.get(address).status_code for address in addresses(sample)] == [404, 404]
    assert client.get(reverse("run_samples"), {"run": synthetic.id, "iteration": 10}).json() == {"samples": []}


def test_a_picture_whose_file_is_gone_is_not_found(client, member, synthetic):
    sample = only_sample(synthetic)
    default_storage.delete(f"{sample.run.folder}/{sample.path}")
    assert client.get(reverse("sample_picture", args=[sample.id])).status_code == 404


def test_the_samples_of_an_iteration_come_with_prompt_seed_and_rewards(
    client, member, synthetic, django_assert_num_queries
):
    synthetic.draw(0, num_samples=1)
    synthetic.draw(10, num_samples=16)
    for iteration, count in ((0, 1), (10, 16)):
        # The session, the person, the samples.
        with django_assert_num_queries(3):
            answer = client.get(reverse("run_samples"), {"run": synthetic.id, "iteration": iteration}).json()
        assert len(answer["samples"]) == count
    first = Sample.objects.get(run=synthetic.id, iteration=10, index=0)
    assert answer["samples"][0] == {
        "id": first.id,
        "index": 0,
        "prompt": "a circle",
        "seed": 0,
        "rewards": {"score": 0.5},
        "picture": f"/media/samples/{first.id}/",
        "thumbnail": f"/media/samples/{first.id}/thumb/",
    }
