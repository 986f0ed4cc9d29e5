"""Random scenes: what the sandbox's prompt sets and its pretraining draw from."""

import numpy as np

from flowdppo_engine.sandbox.world import KINDS, RELATIONS, Counted, Scene

MAX_COUNT = 4


def counting_scene(rng: np.random.Generator) -> Scene:
    """One kind (a third) or two, one to four of each."""
    num_kinds = 1 if rng.random() < 1 / 3 else 2
    return Scene(tuple(Counted(kind, int(rng.integers(1, MAX_COUNT + 1))) for kind in _kinds(rng, num_kinds)))


def relation_scene(rng: np.random.Generator) -> Scene:
    """Two single objects, one left of, right of, above or below the other."""
    parts = tuple(Counted(kind, 1) for kind in _kinds(rng, 2))
    return Scene(parts, RELATIONS[rng.integers(len(RELATIONS))])


def binding_scene(rng: np.random.Generator) -> Scene:
    """Three single objects, each with its own colour and shape to keep apart."""
    return Scene(tuple(Counted(kind, 1) for kind in _kinds(rng, 3)))


def _kinds(rng: np.random.Generator, num: int):
    return [KINDS[index] for index in rng.choice(len(KINDS), num, replace=False)]
