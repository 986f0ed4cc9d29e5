"""Pictures by their short names."""

from dataclasses import dataclass
from uuid import UUID

from pictures.refs import Ref
from reports.drawings import Drawing, Gap, Tile, Tiles
from reports.reading import Reading
from reports.scope import Row, Scope
from runs.templatetags.figures import figure

MOST_PICTURES = 60


@dataclass(frozen=True)
class Pictures:
    refs: tuple[Ref, ...]
    title: str = ""

    runs: tuple[UUID, ...] = ()

    @classmethod
    def read(cls, reading: Reading) -> "Pictures":
        needed = "give short names of pictures, with commas, as in s12, d5"
        return cls(reading.pictures("refs", MOST_PICTURES, needed), reading.text("title"))

    def draw(self, scope: Scope) -> Drawing:
        found = scope.pictures(self.refs)
        title = self.title or "Pictures"
        if not found:
            return Gap(title, "None of these pictures is there any more.")
        gone = len(self.refs) - len(found)
        note = f"{gone} picture{' is' if gone == 1 else 's are'} not there any more." if gone else ""
        return Tiles(title, [tile_of(row) for row in found.values()], note)


def tile_of(row: Row) -> Tile:
    """A picture with who drew it and its rewards."""
    name = row.run.name if row.run else ""
    who = f"{name} at {row.iteration}" if row.iteration else f"base model of {name}" if name else "base model"
    return Tile(row, f"“{row.prompt}”, drawn by {who}, seed {row.seed}", (who, *_rewards(row)))


def caption_of(row: Row) -> tuple[str, ...]:
    return tuple(_rewards(row)) or (f"seed {row.seed}",)


def _rewards(row: Row) -> list[str]:
    numbers = [(name, value) for name, value in row.rewards.items() if isinstance(value, int | float)]
    return [f"{name} {figure(value)}" for name, value in numbers[:3]]
