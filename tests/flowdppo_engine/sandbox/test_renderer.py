import math

import numpy as np
import pytest

from flowdppo_engine.sandbox.renderer import (
    MAX_JITTER,
    RADII,
    SUPERSAMPLING,
    draw_shape,
    place,
    relation_holds,
    render,
)
from flowdppo_engine.sandbox.scenes import relation_scene
from flowdppo_engine.sandbox.world import BACKGROUND, COLOURS, KINDS, RELATIONS, Counted, Kind, Scene

AREAS = {"circle": math.pi, "square": (2 * 0.88) ** 2, "triangle": 0.54 * 1.85**2}


@pytest.mark.parametrize("shape", AREAS)
@pytest.mark.parametrize("radius", RADII)
def test_coverage_adds_up_to_the_area_of_the_shape(shape, radius):
    coverage = draw_shape(shape, radius, np.array([0.3, -0.2]))
    # An outline of about 8 radii, off by at most half a sub-pixel.
    assert coverage.sum() == pytest.approx(AREAS[shape] * radius**2, abs=8 * radius / (2 * SUPERSAMPLING))


@pytest.mark.parametrize("shape", AREAS)
def test_the_largest_shape_pushed_furthest_stays_off_the_edge_of_its_cell(shape):
    for offset in ([MAX_JITTER, MAX_JITTER], [-MAX_JITTER, -MAX_JITTER]):
        coverage = draw_shape(shape, RADII[-1], np.array(offset))
        assert coverage[[0, -1]].sum() + coverage[:, [0, -1]].sum() == 0


def test_a_picture_holds_its_colours_and_paper():
    pixels = render(Scene((Counted(Kind("red", "square"), 2),)), np.random.default_rng(0)).reshape(-1, 3)
    assert (pixels == COLOURS["red"]).all(1).sum() >= 2 * 49
    assert (pixels == BACKGROUND).all(1).mean() > 0.9


def test_the_same_generator_draws_the_same_picture():
    scene = Scene(tuple(Counted(kind, 1) for kind in KINDS[:3]))
    first, second = (render(scene, np.random.default_rng(7)) for _ in range(2))
    assert (first == second).all()


@pytest.mark.parametrize("relation", RELATIONS)
def test_places_keep_the_relation(relation):
    rng = np.random.default_rng(1)
    scene = Scene(relation_scene(rng).parts, relation)
    places = [place(scene, rng) for _ in range(100)]
    assert all(relation_holds(relation, *cells) for cells in places)


def test_an_unknown_shape_is_refused():
    with pytest.raises(ValueError, match="'star'"):
        draw_shape("star", 5.0, np.zeros(2))
