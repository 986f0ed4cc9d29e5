"""How far the picture is that is being drawn: in the cache that all processes share, as it is of use for seconds."""

import uuid

from django.core.cache.backends.base import BaseCache

LASTS = 60


def note_step(cache: BaseCache, sheet_id: uuid.UUID, place: int, step: int, num_steps: int) -> None:
    cache.set(_key(sheet_id), {"place": place, "step": step, "num_steps": num_steps}, LASTS)


def read_step(cache: BaseCache, sheet_id: uuid.UUID) -> dict | None:
    return cache.get(_key(sheet_id))


def _key(sheet_id: uuid.UUID) -> str:
    return f"playground:{sheet_id}"
