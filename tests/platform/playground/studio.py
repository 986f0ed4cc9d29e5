"""Sheets for tests, and pictures of them that are there."""

from pathlib import Path

from django.conf import settings
from PIL import Image

from pictures.models import Drawing
from pictures.policies import PolicyRef
from playground import lifecycle, services
from playground.asked import Asked
from playground.models import Sheet
from runs.models import Run
from teams.models import User


def ask_for(*runs: Run, prompt: str = "a red circle", seeds: tuple[int, ...] = (1, 2), **values) -> Asked:
    """Of the base models of these runs."""
    return Asked(tuple(PolicyRef(run.id, 0) for run in runs), prompt, seeds, **values)


def ask(user: User, *runs: Run, **values) -> Sheet:
    return services.draw(user, ask_for(*runs, **values))


def serve(sheet: Sheet, num_pictures: int | None = None) -> list[Drawing]:
    """One turn of it, as a worker would have it."""
    lease = lifecycle.claim(sheet.id, "node-1")
    sheet.refresh_from_db()
    for place in lifecycle.places_left(sheet)[: lifecycle.TURN if num_pictures is None else num_pictures]:
        path = f"{sheet.turn_folder}/{place:04d}.png"
        file = Path(settings.MEDIA_ROOT) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 64), (place * 20, 90, 90)).save(file)
        lifecycle.store(lease, place, path)
    lifecycle.end_turn(lease)
    sheet.refresh_from_db()
    return [row.drawing for row in sheet.drawn.select_related("drawing").order_by("place")]
