"""What exists in the sandbox: colours, shapes, counts, relations, and a scene made of them."""

from dataclasses import dataclass
from typing import Literal

IMAGE_SIZE = 64
GRID_SIZE = 4
CELL_SIZE = IMAGE_SIZE // GRID_SIZE

BACKGROUND = (246, 244, 238)
COLOURS = {
    "red": (214, 48, 49),
    "green": (39, 158, 86),
    "blue": (45, 98, 214),
    "yellow": (244, 190, 36),
}
SHAPES = ("circle", "square", "triangle")
COUNT_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight")
RELATIONS = ("left of", "right of", "above", "below")

Relation = Literal["left of", "right of", "above", "below"]


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A colour and a shape: what a count counts."""

    colour: str
    shape: str

    def __str__(self) -> str:
        return f"{self.colour} {self.shape}"


KINDS = tuple(Kind(colour, shape) for colour in COLOURS for shape in SHAPES)


@dataclass(frozen=True, slots=True)
class Counted:
    """So many of one kind."""

    kind: Kind
    count: int


@dataclass(frozen=True, slots=True)
class Scene:
    """What a prompt describes: one to three counted kinds, and where it says so the relation of the first two."""

    parts: tuple[Counted, ...]
    relation: Relation | None = None

    @property
    def num_objects(self) -> int:
        return sum(part.count for part in self.parts)
