"""Where a panel is looked at: which addresses its pictures and runs have there."""

import base64
from typing import Protocol
from uuid import UUID

from django.urls import reverse

from pictures.files import read_thumbnail
from pictures.shown import show
from reports.scope import Row


class Place(Protocol):
    """An address may be empty: then there is nothing to go to. `is_away`: the site's own links lead nowhere there."""

    is_away: bool

    def thumbnail(self, row: Row) -> str: ...

    def picture(self, row: Row) -> str: ...

    def run(self, run_id: UUID) -> str: ...


class OnTheSite:
    """For people who are signed in."""

    is_away = False

    def thumbnail(self, row: Row) -> str:
        return show(row).thumbnail

    def picture(self, row: Row) -> str:
        return show(row).picture

    def run(self, run_id: UUID) -> str:
        return reverse("run", args=[run_id])


class InAFile:
    """Pictures stand in the file itself, until they would be more than `most_bytes` together."""

    is_away = True

    def __init__(self, most_bytes: int):
        self._room = most_bytes
        self.num_left_out = 0

    def thumbnail(self, row: Row) -> str:
        try:
            picture = read_thumbnail(row)
        except FileNotFoundError:
            return ""
        text = f"data:{picture.content_type};base64,{base64.b64encode(picture.content).decode()}"
        if len(text) > self._room:
            self.num_left_out += 1
            return ""
        self._room -= len(text)
        return text

    def picture(self, row: Row) -> str:
        return ""

    def run(self, run_id: UUID) -> str:
        return ""
