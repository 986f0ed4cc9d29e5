from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.sandbox.checker import answer_questions
from flowdppo_engine.sandbox.components import find_components
from flowdppo_engine.sandbox.grammar import describe
from flowdppo_engine.sandbox.scenes import binding_scene, counting_scene, relation_scene
from flowdppo_engine.sandbox.world import BACKGROUND, COLOURS, SHAPES, Counted, Kind, Scene
from tests.flowdppo_engine.sandbox.drawing import draw


@pytest.mark.parametrize("sample", [counting_scene, relation_scene, binding_scene])
def test_it_is_right_on_drawn_pictures(sample):
    rng = np.random.default_rng(11)
    scenes = [sample(rng) for _ in range(600)]
    answers = np.concatenate(answer_questions(draw(scenes), [describe(scene) for scene in scenes]))
    assert (answers > 0.5).mean() >= 0.99
    assert answers.mean() > 0.95


def test_it_is_right_about_wrong_counts():
    rng = np.random.default_rng(12)
    scenes = [counting_scene(rng) for _ in range(300)]
    wrong = [Scene((replace(s.parts[0], count=s.parts[0].count % 4 + 1), *s.parts[1:])) for s in scenes]
    answers = answer_questions(draw(scenes), [describe(scene) for scene in wrong])
    counts = np.array([answer[1] for answer in answers])
    assert (counts < 0.5).mean() >= 0.99


def test_it_is_right_about_the_opposite_relation():
    opposite = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
    rng = np.random.default_rng(13)
    scenes = [relation_scene(rng) for _ in range(300)]
    asked = [describe(replace(scene, relation=opposite[scene.relation])) for scene in scenes]
    answers = np.array([answer[-1] for answer in answer_questions(draw(scenes), asked)])
    assert (answers < 0.5).mean() >= 0.99


def test_every_colour_and_shape_is_told_from_every_other():
    kinds = [Kind(*pair) for pair in product(COLOURS, SHAPES)]
    pictures = draw([Scene((Counted(kind, 1),)) for kind in kinds for _ in kinds])
    asked = [Prompt("", (Question(f"Is there a {kind}?", "yes"),)) for _ in kinds for kind in kinds]
    answers = np.concatenate(answer_questions(pictures, asked)).reshape(len(kinds), len(kinds))
    assert answers.diagonal().min() > 0.9
    assert (answers - np.diag(answers.diagonal())).max() < 0.1


def test_an_empty_picture_shows_nothing():
    paper = torch.tensor(BACKGROUND).view(1, 3, 1, 1).expand(1, 3, 64, 64) / 255
    (answers,) = answer_questions(paper, [describe(Scene((Counted(Kind("red", "circle"), 2),), None))])
    assert answers.max() == 0


def test_the_number_of_objects_follows_the_poisson_binomial_law():
    scenes = [Scene((Counted(Kind("red", "circle"), 3), Counted(Kind("blue", "square"), 2)))]
    pictures = 0.6 * draw(scenes) + 0.4 * 0.95  # Pale objects, of which it is not sure.
    components = find_components(pictures.permute(0, 2, 3, 1).numpy())
    p = components.kind_probability[:, list(COLOURS).index("red"), SHAPES.index("circle")]
    two = sum(
        np.prod([q if seen else 1 - q for q, seen in zip(p, pattern, strict=True)])
        for pattern in product((True, False), repeat=len(p))
        if sum(pattern) == 2
    )
    asked = [Prompt("", (Question("How many red circles are there?", "two"),))]
    assert answer_questions(pictures, asked)[0][0] == pytest.approx(two, abs=1e-6)


def test_a_picture_is_answered_the_same_alone_and_in_a_batch():
    rng = np.random.default_rng(14)
    scenes = [counting_scene(rng) for _ in range(8)]
    pictures, prompts = draw(scenes), [describe(scene) for scene in scenes]
    together = answer_questions(pictures, prompts)
    for index in range(len(scenes)):
        (alone,) = answer_questions(pictures[index : index + 1], prompts[index : index + 1])
        np.testing.assert_allclose(alone, together[index], rtol=1e-6)
