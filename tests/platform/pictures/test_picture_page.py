"""The page of one picture: what it says, and what stands beside it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from pictures import neighbours
from pictures.neighbours import neighbours_of
from pictures.refs import ref_of
from runs.models import Sample
from tests.platform.lab import Lab, add_checkpoint, add_run, add_sample
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(lab):
    return add_run(lab.experiment, "mine")


def scored(sample: Sample, **rewards: float) -> Sample:
    sample.rewards = rewards
    sample.save()
    return sample


def test_it_says_what_is_known_of_a_sample(lab: Lab, run, member):
    scored(add_sample(run, 0), ocr=0.25)
    sample = scored(add_sample(run, 4), ocr=0.5)
    add_checkpoint(run, 4)
    page = member.get(f"/pictures/{ref_of(sample)}/").text
    for words in (
        "<h1>a circle</h1>",
        "iteration 4",
        "its checkpoint",
        "0.500",
        "0.250",
        "fixed sample",
        'alt="a circle"',
    ):
        assert words in page, words


def test_it_says_what_is_known_of_a_drawing_and_of_a_rollout(lab: Lab, run, member):
    drawing = add_drawing(run, 0, kl=1.25, prompt_set="sandbox:in_domain")
    page = member.get(f"/pictures/{ref_of(drawing)}/").text
    for words in ("the base model", "for sandbox:in_domain", "1.25 nats", "Guidance", "No reward has scored it."):
        assert words in page, words
    rollout = add_sample(run, 3)
    rollout.kind, rollout.group, rollout.advantage = "rollout", 7, -0.5
    rollout.save()
    page = member.get(f"/pictures/{ref_of(rollout)}/").text
    assert "in group 7 of its iteration" in page and "-0.500" in page


def test_a_drawing_without_a_run_has_its_team_above(lab: Lab, run, member):
    drawing = add_drawing(run)
    drawing.run = None
    drawing.save()
    page = member.get(f"/pictures/{ref_of(drawing)}/").text
    assert f'<a href="/teams/{lab.team.id}/">Lab</a>' in page and "The same prompt" not in page


@pytest.mark.parametrize("ref", ["s999999", "d999999", "x1", "s"])
def test_what_is_no_picture_is_not_found(member, ref):
    assert member.get(f"/pictures/{ref}/").status_code == 404


def test_beside_it_stand_other_iterations_of_the_same_prompt_and_seed(lab: Lab, run):
    samples = [add_sample(run, iteration) for iteration in (0, 2, 4)]
    drawing = add_drawing(run, 3)
    add_drawing(run, 3, prompt="a square")
    add_drawing(run, 3, seed=2)
    add_sample(add_run(lab.experiment, "other"), 2)
    found = neighbours_of(lab.viewer, samples[1])
    assert [one.ref for one in found.row] == [ref_of(row) for row in (*samples[:2], drawing, samples[2])]
    assert (found.before.ref, found.after.ref, found.base.ref) == tuple(map(ref_of, (samples[0], drawing, samples[0])))
    assert neighbours_of(lab.viewer, samples[0]).base is None


def test_of_many_the_nearest_are_shown_with_the_base_model(lab: Lab, run, monkeypatch):
    monkeypatch.setattr(neighbours, "MOST_EACH_WAY", 2)
    samples = [add_sample(run, iteration) for iteration in range(0, 10)]
    assert [one.iteration for one in neighbours_of(lab.viewer, samples[5]).row] == [0, 3, 4, 5, 6, 7]


def test_more_neighbours_need_no_more_queries(lab: Lab, run, member):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            member.get(f"/pictures/{ref_of(samples[0])}/")
        return len(captured)

    samples = [add_sample(run, 0), add_sample(run, 1)]
    before = queries()
    samples += [add_sample(run, iteration) for iteration in range(2, 9)]
    assert queries() == before
