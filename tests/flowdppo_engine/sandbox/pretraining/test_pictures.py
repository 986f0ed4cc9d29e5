import numpy as np
import pytest

from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.sandbox.checker import answer_questions
from flowdppo_engine.sandbox.grammar import describe
from flowdppo_engine.sandbox.pretraining.pictures import draw_captioned, draw_crowded
from flowdppo_engine.sandbox.scenes import counting_scene
from flowdppo_engine.sandbox.world import COUNT_WORDS, KINDS, SHAPES


def test_captions_are_right_where_no_wrong_count_is_asked_for():
    captions, pictures = draw_captioned(np.random.default_rng(0), 200, wrong_counts=0)
    told = [_single_kind_prompt(caption) for caption in captions]
    rows = [index for index, prompt in enumerate(told) if prompt]
    answers = np.concatenate(answer_questions(pictures[rows], [told[index] for index in rows]))
    assert len(rows) > 20
    assert (answers > 0.5).mean() >= 0.99


def test_the_asked_share_of_counting_captions_is_wrong_by_one():
    captions, pictures = draw_captioned(np.random.default_rng(1), 1500, wrong_counts=0.3)
    told = [_single_kind_prompt(caption) for caption in captions]
    rows = [index for index, prompt in enumerate(told) if prompt]
    answers = np.concatenate(answer_questions(pictures[rows], [told[index] for index in rows]))
    assert (answers < 0.5).mean() == pytest.approx(0.3, abs=0.06)


def test_crowded_pictures_hold_up_to_sixteen_objects():
    pictures = draw_crowded(np.random.default_rng(2), 64)
    total = [Prompt("", (Question("How many shapes are there in all?", "eight"),))] * 64
    assert pictures.shape == (64, 3, 64, 64)
    assert 0 < np.concatenate(answer_questions(pictures, total)).mean() < 0.3


def _single_kind_prompt(caption: str) -> Prompt | None:
    """The question of a caption such as "three red circles"; none for captions of several kinds."""
    words = caption.split()
    if len(words) != 3 or words[0] not in COUNT_WORDS:
        return None
    shape = words[2].removesuffix("s")
    assert shape in SHAPES
    return Prompt(caption, (Question(f"How many {words[1]} {shape}s are there?", words[0]),))


def test_every_kind_is_drawn():
    rng = np.random.default_rng(4)
    assert {part.kind for _ in range(300) for part in counting_scene(rng).parts} == set(KINDS)
    assert all(len(describe(counting_scene(rng)).questions) in (3, 5) for _ in range(20))
