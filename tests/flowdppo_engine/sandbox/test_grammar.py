import numpy as np
import pytest

from flowdppo_engine.prompts import Question
from flowdppo_engine.sandbox.grammar import CountQuery, PresenceQuery, RelationQuery, describe, parse_question
from flowdppo_engine.sandbox.scenes import binding_scene, counting_scene, relation_scene
from flowdppo_engine.sandbox.world import Counted, Kind, Scene

RED_CIRCLE, BLUE_SQUARE = Kind("red", "circle"), Kind("blue", "square")


def test_counts_are_told_and_asked():
    prompt = describe(Scene((Counted(RED_CIRCLE, 3), Counted(BLUE_SQUARE, 1))))
    assert prompt.text == "three red circles and one blue square"
    assert prompt.questions == (
        Question("Is there a red circle?", "yes"),
        Question("How many red circles are there?", "three"),
        Question("Is there a blue square?", "yes"),
        Question("How many blue squares are there?", "one"),
        Question("How many shapes are there in all?", "four"),
    )
    assert prompt.skills == ("object", "count", "object", "count", "count")


def test_a_relation_is_told_and_asked():
    prompt = describe(Scene((Counted(RED_CIRCLE, 1), Counted(BLUE_SQUARE, 1)), "left of"))
    assert prompt.text == "a red circle left of a blue square"
    assert prompt.questions[-1] == Question("Is the red circle left of the blue square?", "yes")


def test_three_kinds_are_joined_with_commas():
    parts = (Counted(RED_CIRCLE, 1), Counted(BLUE_SQUARE, 1), Counted(Kind("green", "triangle"), 1))
    assert describe(Scene(parts)).text == "one red circle, one blue square and one green triangle"


@pytest.mark.parametrize("draw", [counting_scene, relation_scene, binding_scene])
def test_every_question_reads_back_as_the_scene(draw):
    rng = np.random.default_rng(3)
    for _ in range(200):
        scene = draw(rng)
        queries = [parse_question(question) for question in describe(scene).questions]
        counted = {query.kind: query.count for query in queries if isinstance(query, CountQuery)}
        assert counted == {part.kind: part.count for part in scene.parts} | {None: scene.num_objects}
        assert {q.kind for q in queries if isinstance(q, PresenceQuery)} == {part.kind for part in scene.parts}
        relations = [query for query in queries if isinstance(query, RelationQuery)]
        if scene.relation:
            assert relations == [RelationQuery(scene.parts[0].kind, scene.relation, scene.parts[1].kind)]
        else:
            assert relations == []


@pytest.mark.parametrize(
    "question", [Question("How many dogs are there?", "two"), Question("Is the picture nice?", "yes")]
)
def test_an_unknown_question_is_refused_by_name(question):
    with pytest.raises(ValueError, match=question.text.rstrip("?")):
        parse_question(question)


def test_an_unknown_number_is_refused():
    with pytest.raises(ValueError, match="'many'"):
        parse_question(Question("How many red circles are there?", "many"))
