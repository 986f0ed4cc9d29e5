"""How far the tables are behind the engines: noted by the workers as they store events, read by the metrics."""

from collections.abc import Iterable
from uuid import UUID

from django.core.cache import cache

REMEMBERED_SECONDS = 120


def note(run_id: UUID, seconds: float) -> None:
    """The newest event of this run was told so many seconds before it was stored."""
    cache.set(_key(run_id), seconds, REMEMBERED_SECONDS)


def read(run_ids: Iterable[UUID]) -> list[float]:
    """Of these runs, as far as they have stored something lately."""
    return list(cache.get_many([_key(run_id) for run_id in run_ids]).values())


def _key(run_id: UUID) -> str:
    return f"event-lag:{run_id}"
