"""Words for scenes: the prompt of a scene, its questions in GenEval2's manner, and the questions read back."""

import re
from dataclasses import dataclass

from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.sandbox.world import COLOURS, COUNT_WORDS, RELATIONS, SHAPES, Counted, Kind, Relation, Scene


@dataclass(frozen=True, slots=True)
class CountQuery:
    """How many of a kind, or of anything where `kind` is None."""

    kind: Kind | None
    count: int


@dataclass(frozen=True, slots=True)
class PresenceQuery:
    kind: Kind


@dataclass(frozen=True, slots=True)
class RelationQuery:
    first: Kind
    relation: Relation
    second: Kind


Query = CountQuery | PresenceQuery | RelationQuery


def describe(scene: Scene) -> Prompt:
    """The prompt of a scene with every question that its picture must answer."""
    if scene.relation is None:
        text = _join([_counted_words(part) for part in scene.parts])
    else:
        first, second = (f"a {part.kind}" for part in scene.parts)
        text = f"{first} {scene.relation} {second}"
    asked = list(_ask(scene))
    return Prompt(text, tuple(question for question, _ in asked), tuple(skill for _, skill in asked), len(asked))


def _ask(scene: Scene):
    for part in scene.parts:
        yield Question(f"Is there a {part.kind}?", "yes"), "object"
        yield Question(f"How many {part.kind}s are there?", COUNT_WORDS[part.count]), "count"
    yield Question("How many shapes are there in all?", COUNT_WORDS[scene.num_objects]), "count"
    if scene.relation is not None:
        first, second = scene.parts
        yield Question(f"Is the {first.kind} {scene.relation} the {second.kind}?", "yes"), "position"


def _counted_words(part: Counted) -> str:
    return f"{COUNT_WORDS[part.count]} {part.kind}" + ("s" if part.count != 1 else "")


def _join(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


_KIND = rf"({'|'.join(COLOURS)}) ({'|'.join(SHAPES)})"
_COUNT = re.compile(rf"How many {_KIND}s are there\?")
_PRESENCE = re.compile(rf"Is there a {_KIND}\?")
_RELATION = re.compile(rf"Is the {_KIND} ({'|'.join(RELATIONS)}) the {_KIND}\?")


def parse_question(question: Question) -> Query:
    """What a question asks. Raises ValueError on words that the sandbox does not have."""
    if question.text == "How many shapes are there in all?":
        return CountQuery(None, _read_count(question))
    if found := _COUNT.fullmatch(question.text):
        return CountQuery(Kind(*found.groups()), _read_count(question))
    if found := _PRESENCE.fullmatch(question.text):
        return PresenceQuery(Kind(*found.groups()))
    if found := _RELATION.fullmatch(question.text):
        colour, shape, relation, other_colour, other_shape = found.groups()
        return RelationQuery(Kind(colour, shape), relation, Kind(other_colour, other_shape))
    raise ValueError(f"the sandbox checker cannot read the question {question.text!r}: see sandbox/grammar.py.")


def _read_count(question: Question) -> int:
    if question.answer not in COUNT_WORDS:
        raise ValueError(f"answer {question.answer!r} to {question.text!r} is not one of {', '.join(COUNT_WORDS)}.")
    return COUNT_WORDS.index(question.answer)
