"""How far a reader of live curves has come: a string that the browser hands back as it got it."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Position:
    """The last rows of one run that a reader has, by primary key.

    A run has one writer at a time, so its rows become visible in the order of their keys. `splice` names what later
    attempts have rolled back: where it has changed, rows that the reader has may be void, and reading starts over.
    """

    splice: str
    point: int = 0
    evaluation: int = 0
    sample: int = 0


def encode(positions: dict[UUID, Position]) -> str:
    return ",".join(f"{run_id}~{at.splice}~{at.point}~{at.evaluation}~{at.sample}" for run_id, at in positions.items())


def decode(cursor: str) -> dict[UUID, Position]:
    """Raises ValueError on what `encode` did not write."""
    try:
        return dict(map(_decode_run, filter(None, cursor.split(","))))
    except ValueError:
        raise ValueError(f"cursor = {cursor} is none of ours: leave it out to start over.") from None


def _decode_run(part: str) -> tuple[UUID, Position]:
    run_id, splice, *ids = part.split("~")
    point, evaluation, sample = map(int, ids)
    return UUID(run_id), Position(splice, point, evaluation, sample)
