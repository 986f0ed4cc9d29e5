"""Answers a prompt's questions from the pixels of a picture, each with the probability of the right answer."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch

from flowdppo_engine.prompts import Prompt, Question
from flowdppo_engine.sandbox.components import Components, find_components
from flowdppo_engine.sandbox.grammar import CountQuery, PresenceQuery, Query, RelationQuery, parse_question
from flowdppo_engine.sandbox.world import COLOURS, SHAPES, Kind

MAX_COUNT = 16
# Pixels by which one centre must be past the other for the relation to be sure.
RELATION_SOFTNESS = 1.5

_COLOUR_INDEX = {colour: index for index, colour in enumerate(COLOURS)}
_SHAPE_INDEX = {shape: index for index, shape in enumerate(SHAPES)}


def answer_questions(images: torch.Tensor, prompts: Sequence[Prompt]) -> list[np.ndarray]:
    """For each picture the probability of the right answer to each of its prompt's questions, as float32 arrays.

    images: [B, 3, 64, 64] in [0, 1]; one prompt a picture. Raises ValueError on a question that is not the sandbox's.
    """
    pixels = images.detach().float().clamp(0, 1).permute(0, 2, 3, 1).contiguous().cpu().numpy()
    components = find_components(pixels)
    counts = _CountProbabilities(components, len(prompts))
    starts = np.searchsorted(components.image, np.arange(len(prompts) + 1))
    answers = []
    for index, prompt in enumerate(prompts):
        seen = slice(starts[index], starts[index + 1])
        answers.append(
            np.asarray(
                [_answer(_query(question), index, seen, counts, components) for question in prompt.questions],
                np.float32,
            )
        )
    return answers


@lru_cache(maxsize=65536)
def _query(question: Question) -> Query:
    return parse_question(question)


class _CountProbabilities:
    """P(number of objects of a kind = n) in each picture: the Poisson-binomial law of its components.

    per_kind: [B, colours * shapes, MAX_COUNT + 1]; total: [B, MAX_COUNT + 1], over objects of any kind.
    """

    def __init__(self, components: Components, num_images: int):
        kinds = components.kind_probability.reshape(len(components.image), len(COLOURS) * len(SHAPES))
        probabilities = np.concatenate([kinds, components.object_probability()[:, None]], 1)
        laws = np.zeros((num_images, probabilities.shape[1], MAX_COUNT + 1))
        laws[:, :, 0] = 1
        rank = _rank_within_image(components.image)
        for place in range(rank.max(initial=-1) + 1):
            rows = np.flatnonzero(rank == place)
            images, p = components.image[rows], probabilities[rows][..., None]
            shifted = np.roll(laws[images], 1, axis=-1)
            # Whatever lies past MAX_COUNT stays there: no question asks for so many.
            shifted[..., 0] = 0
            laws[images] = laws[images] * (1 - p) + shifted * p
        self.per_kind, self.total = laws[:, :-1], laws[:, -1]

    def of(self, image: int, kind: Kind | None) -> np.ndarray:
        if kind is None:
            return self.total[image]
        return self.per_kind[image, _COLOUR_INDEX[kind.colour] * len(SHAPES) + _SHAPE_INDEX[kind.shape]]


def _rank_within_image(image: np.ndarray) -> np.ndarray:
    """[M]: 0 for the first component of a picture, 1 for the second, and so on."""
    first = np.searchsorted(image, image)
    return np.arange(len(image)) - first


def _answer(query: Query, image: int, seen: slice, counts: _CountProbabilities, components: Components) -> float:
    match query:
        case CountQuery(kind, count):
            return counts.of(image, kind)[count]
        case PresenceQuery(kind):
            return 1 - counts.of(image, kind)[0]
        case RelationQuery():
            return _relation_probability(query, components.kind_probability[seen], components.centre[seen])


def _relation_probability(query: RelationQuery, kinds: np.ndarray, centres: np.ndarray) -> float:
    """That the likeliest pair of the two kinds exists and stands in the relation."""
    if not len(kinds):
        return 0.0
    first, second = (kinds[:, _COLOUR_INDEX[k.colour], _SHAPE_INDEX[k.shape]] for k in (query.first, query.second))
    a, b = int(first.argmax()), int(second.argmax())
    down, right = centres[a] - centres[b]
    past = {"left of": -right, "right of": right, "above": -down, "below": down}[query.relation]
    return float(first[a] * second[b] / (1 + np.exp(-past / RELATION_SOFTNESS)))
