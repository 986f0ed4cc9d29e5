"""Finds the objects of a picture from its pixels alone: connected components with colour, shape and place."""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from flowdppo_engine.sandbox.world import BACKGROUND, COLOURS, IMAGE_SIZE, SHAPES

# Pixels at least this far from the background (Euclidean in RGB, 0 to sqrt 3) belong to an object.
FOREGROUND_DISTANCE = 0.35
PALETTE = np.asarray(list(COLOURS.values()), np.float32) / 255
PAPER = np.asarray(BACKGROUND, np.float32) / 255
COLOUR_TOLERANCE = 0.14
# What tells shapes apart: the share of its bounding box that a shape fills, and how far below the middle of the box
# its centre of mass lies, over the height. Measured on rendered pictures, with the spread that still is the shape.
SHAPE_FEATURES = {"circle": (0.785, 0.0), "square": (0.99, 0.0), "triangle": (0.58, 0.155)}
FEATURE_SPREAD = {"circle": (0.05, 0.035), "square": (0.035, 0.035), "triangle": (0.06, 0.045)}
NO_SHAPE = 0.005
NO_COLOUR = 0.005
SMALLEST_AREA, LARGEST_AREA = 18, 150


@dataclass(frozen=True, slots=True)
class Components:
    """All components of a batch, one row each, sorted by picture. M = number of components, pixels as unit.

    image [M] int: the picture it is in; area [M]; centre [M, 2] as (row, column);
    kind_probability [M, colours, shapes]: that it is one object of that kind; sums to at most 1.
    """

    image: np.ndarray
    area: np.ndarray
    centre: np.ndarray
    kind_probability: np.ndarray

    def object_probability(self) -> np.ndarray:
        """[M]: that it is one object of some kind."""
        return self.kind_probability.sum((1, 2))


def find_components(pixels: np.ndarray) -> Components:
    """Components of pictures, float32 [B, 64, 64, 3] in [0, 1]."""
    distance = np.sqrt(((pixels - PAPER) ** 2).sum(-1))
    labels, num = ndimage.label(distance > FOREGROUND_DISTANCE, structure=_within_picture())
    flat = labels.ravel()
    area = np.bincount(flat, minlength=num + 1)[1:].astype(np.float32)
    boxes = ndimage.find_objects(labels)
    image = np.asarray([box[0].start for box in boxes], np.int64)
    height = np.asarray([_length(box[1]) for box in boxes], np.float32)
    width = np.asarray([_length(box[2]) for box in boxes], np.float32)
    middle = np.asarray([_middle(box[1]) for box in boxes], np.float32)
    mass = _Mass(pixels, distance, flat, num)
    shape = _shape_probability(area / (height * width), (mass.centre[:, 0] - middle) / height)
    colour = _colour_probability(mass.colour)
    one_object = _sigmoid((area - SMALLEST_AREA) / 3) * _sigmoid((LARGEST_AREA - area) / 8)
    kinds = one_object[:, None, None] * colour[:, :, None] * shape[:, None, :]
    return Components(image, area, mass.centre, kinds)


def _within_picture() -> np.ndarray:
    """Neighbours by edge, never across pictures."""
    structure = np.zeros((3, 3, 3), bool)
    structure[1] = ndimage.generate_binary_structure(2, 1)
    return structure


class _Mass:
    """Weighted means over each component: centre [M, 2] as (row, column) and colour [M, 3]."""

    def __init__(self, pixels: np.ndarray, distance: np.ndarray, flat: np.ndarray, num: int):
        inside = np.flatnonzero(flat)
        owner, far = flat[inside], distance.ravel()[inside]
        rows, columns = np.divmod(inside % (IMAGE_SIZE * IMAGE_SIZE), IMAGE_SIZE)
        self.centre = _weighted_means(owner, num, far, [rows, columns])
        # The fourth power, as the mixed pixels of an edge say little of the colour.
        self.colour = _weighted_means(owner, num, far**4, list(pixels.reshape(-1, 3)[inside].T))


def _weighted_means(owner: np.ndarray, num: int, weight: np.ndarray, values: list[np.ndarray]) -> np.ndarray:
    total = np.bincount(owner, weight, num + 1)[1:]
    return np.stack([np.bincount(owner, weight * value, num + 1)[1:] / total for value in values], 1)


def _colour_probability(mean: np.ndarray) -> np.ndarray:
    """[M, colours]: near a palette colour it is that colour; far from all of them it is none."""
    distance = ((mean[:, None] - PALETTE) ** 2).sum(-1)
    likeness = np.exp(-distance / (2 * COLOUR_TOLERANCE**2))
    return likeness / (likeness.sum(1, keepdims=True) + NO_COLOUR)


def _shape_probability(extent: np.ndarray, lean: np.ndarray) -> np.ndarray:
    """[M, shapes], from the share of the box filled and the centre of mass below the box's middle."""
    measured = np.stack([extent, lean], 1)[:, None]
    expected, spread = (np.asarray([table[shape] for shape in SHAPES]) for table in (SHAPE_FEATURES, FEATURE_SPREAD))
    likeness = np.exp(-(((measured - expected) / spread) ** 2).sum(-1) / 2)
    return likeness / (likeness.sum(1, keepdims=True) + NO_SHAPE)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(x, -60, 60)))


def _length(span: slice) -> int:
    return span.stop - span.start


def _middle(span: slice) -> float:
    return (span.start + span.stop - 1) / 2
