"""Which pictures can be laid side by side, and how many pairs a vote takes."""

import random
from collections import Counter

import pytest

from pictures.models import Drawing
from pictures.policies import PolicyRef, find_policies
from pictures.refs import Ref
from runs.models import Sample
from tests.platform.lab import add_run, add_sample
from tests.platform.pictures.easel import add_drawing
from tests.platform.votes.ballot_box import PROMPTS, add_drawings
from votes.drawn import SAMPLES, Cell, prompt_sets_of, read_drawn
from votes.pairing import comparisons_of, num_taken, take_pairs

pytestmark = pytest.mark.django_db


def policies_of(lab, run, *iterations):
    refs = [PolicyRef(run.id, iteration) for iteration in iterations]
    return list(find_policies(lab.viewer, refs).values())


def test_pictures_of_the_same_prompt_seed_steps_and_guidance_are_one_cell(lab, django_assert_num_queries):
    run = add_run(lab.experiment)
    base = add_drawing(run, 0)
    trained = add_drawing(run, 40)
    add_drawing(run, 40, num_steps=20, path="drawings/other.png")
    add_drawing(run, 40, seed=2)
    policies = policies_of(lab, run, 0, 40)
    with django_assert_num_queries(2):
        drawn = read_drawn(lab.viewer, policies)
    (comparison,) = comparisons_of(drawn)
    assert comparison.cells == (Cell("a circle", 1, 8, 1.0),)
    (pair,) = take_pairs(drawn, 60, random.Random(0))
    assert (pair.first_picture, pair.second_picture) == (Ref("d", base.id), Ref("d", trained.id))


def test_a_sample_is_drawn_as_its_run_evaluates_and_comes_before_drawings(lab):
    run = add_run(lab.experiment)
    sample = add_sample(run, 40)
    add_drawing(run, 40)
    add_drawing(run, 0)
    (pair,) = take_pairs(read_drawn(lab.viewer, policies_of(lab, run, 0, 40)), 60, random.Random(0))
    assert pair.second_picture == Ref("s", sample.id)


def test_what_training_drew_is_no_sample_to_vote_on(lab):
    run = add_run(lab.experiment)
    for iteration in (0, 40):
        sample = add_sample(run, iteration)
        Sample.objects.filter(id=sample.id).update(kind="rollout")
    assert [*read_drawn(lab.viewer, policies_of(lab, run, 0, 40)).values()] == [{}, {}]


def test_pictures_can_be_those_of_a_prompt_set(lab):
    run = add_run(lab.experiment)
    add_sample(run, 40)
    add_drawing(run, 40, "a cat", prompt_set="prompts/cats-v1")
    dog = add_drawing(run, 40, "a dog")
    Drawing.objects.filter(id=dog.id).update(path="drawings/no-picture.bin")
    policies = policies_of(lab, run, 40)
    assert prompt_sets_of(lab.viewer, policies) == ["prompts/cats-v1"]

    def prompts(which):
        return [cell.prompt for cell in read_drawn(lab.viewer, policies, which)[policies[0].ref]]

    assert (prompts(""), prompts(SAMPLES)) == (["a circle", "a cat"], ["a circle"])
    assert prompts("prompts/cats-v1") == ["a cat"]


def test_nothing_of_another_team_is_read(lab):
    run = add_run(lab.experiment)
    add_drawings(run, (0, 40))
    policies = policies_of(lab, run, 0, 40)
    assert [*read_drawn(lab.stranger, policies).values()] == [{}, {}]


def test_every_comparison_gets_as_many_pairs(lab):
    run = add_run(lab.experiment)
    add_drawings(run, (0, 40, 80), seeds=(1, 2, 3))
    add_drawings(run, (120,), prompts=PROMPTS[:1])
    drawn = read_drawn(lab.viewer, policies_of(lab, run, 0, 40, 80, 120))
    taken = take_pairs(drawn, 24, random.Random(0))
    counts = Counter((pair.first.iteration, pair.second.iteration) for pair in taken)
    assert counts == {(0, 40): 7, (0, 80): 7, (40, 80): 7, (0, 120): 1, (40, 120): 1, (80, 120): 1}
    assert len(set(taken)) == len(taken) == num_taken(comparisons_of(drawn), 24)
    assert len(take_pairs(drawn, 500, random.Random(0))) == num_taken(comparisons_of(drawn), 500) == 30
