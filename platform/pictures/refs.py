"""One short name for every picture: `s12` is a sample of a run, `d5` a drawing. Addresses and tables refer by it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from django.db.models import QuerySet

from pictures.models import Drawing
from pictures.selectors import visible_drawings
from runs.media import visible_samples
from runs.models import Sample
from teams.models import User

SAMPLE, DRAWING = "s", "d"
FORM = re.compile(r"([sd])([1-9]\d{0,17})")


@dataclass(frozen=True)
class Ref:
    kind: Literal["s", "d"]
    id: int

    def __str__(self) -> str:
        return f"{self.kind}{self.id}"


def ref_of(row: Sample | Drawing) -> Ref:
    return Ref(SAMPLE if isinstance(row, Sample) else DRAWING, row.id)


def parse_ref(text: str) -> Ref:
    """Raises ValueError."""
    found = FORM.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} names no picture: give s or d and a number, as in s12.")
    return Ref(found[1], int(found[2]))


def find_pictures(user: User, refs: Iterable[Ref]) -> dict[Ref, Sample | Drawing]:
    """Those of `refs` that are there and that the person may see, in their order; two queries at most."""
    return pictures_among(visible_samples(user), visible_drawings(user), refs)


def pictures_among(
    samples: QuerySet[Sample], drawings: QuerySet[Drawing], refs: Iterable[Ref]
) -> dict[Ref, Sample | Drawing]:
    """Those of `refs` that are among these, in their order; two queries at most."""
    refs = list(refs)
    sample_ids = {ref.id for ref in refs if ref.kind == SAMPLE}
    drawing_ids = {ref.id for ref in refs if ref.kind == DRAWING}
    rows = [*(samples.filter(id__in=sample_ids) if sample_ids else ())]
    rows += drawings.filter(id__in=drawing_ids) if drawing_ids else ()
    found = {ref_of(row): row for row in rows}
    return {ref: found[ref] for ref in refs if ref in found}
