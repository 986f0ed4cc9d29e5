"""Which picture stands in a cell of a grid, and which other one it is measured against."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q

from comparing.columns import Column
from comparing.prompts import drawings_of, samples_of
from comparing.rows import Rows
from pictures.models import Drawing
from pictures.policies import PolicyRef
from runs.models import Sample, SampleKind

KL = "kl"
# More than a page of prompts, columns and seeds can show.
MOST_READ = 6000

Picture = Sample | Drawing
Key = tuple[PolicyRef, str, int]
"""A column, a prompt and a seed."""


@dataclass(frozen=True)
class Pictures:
    """`chosen` holds the picture of each cell; `measure` what it is measured against, of the same prompt, seed and
    settings: the base model's, or that of another column.
    """

    chosen: dict[Key, Picture]
    measure: dict[Key, Picture]

    @property
    def seeds(self) -> list[int]:
        return sorted({seed for _, _, seed in self.chosen})

    @property
    def scores(self) -> list[str]:
        rows = self.chosen.values()
        names = sorted({name for row in rows for name in row.rewards})
        return [*names, *([KL] if any(row.kl is not None for row in rows) else [])]


def value_of(row: Picture | None, score: str) -> float | None:
    if row is None:
        return None
    return row.kl if score == KL else row.rewards.get(score)


def read_pictures(
    rows: Rows, columns: Sequence[Column], prompts: Sequence[str], against: PolicyRef | None = None
) -> Pictures:
    """Two queries. A fixed sample of just that iteration goes before a drawing, and that before an earlier sample."""
    bases = Q(run__in={column.ref.run_id for column in columns}, iteration=0)
    wanted = Q(prompt__in=prompts)
    fixed = Q(kind=SampleKind.FIXED)
    samples = list(rows.samples.filter(wanted, samples_of(columns) | (bases & fixed)).order_by("-id")[:MOST_READ])
    drawings = list(rows.drawings.filter(wanted, drawings_of(columns) | bases).order_by("-id")[:MOST_READ])
    chosen: dict[Key, Picture] = {}
    for column in columns:
        for row in _by_preference(column, samples, drawings):
            chosen.setdefault((column.ref, row.prompt, row.seed), row)
    if against:
        return Pictures(chosen, _in_column(chosen, against))
    untrained = {_settings(row): row for row in [*drawings[::-1], *samples[::-1]] if row.iteration == 0}
    trained = {key: row for key, row in chosen.items() if row.iteration}
    return Pictures(
        chosen, {key: untrained[how] for key, row in trained.items() if (how := _settings(row)) in untrained}
    )


def _in_column(chosen: Mapping[Key, Picture], against: PolicyRef) -> dict[Key, Picture]:
    """What stands beside each picture in that column, where it was drawn in the same way."""
    beside = {key: chosen.get((against, *key[1:])) for key in chosen if key[0] != against}
    return {key: row for key, row in beside.items() if row and _how(row) == _how(chosen[key])}


def _by_preference(column: Column, samples: Iterable[Sample], drawings: Iterable[Drawing]) -> list[Picture]:
    own = [row for row in samples if row.run_id == column.ref.run_id and row.iteration == column.samples_at]
    drawn = [row for row in drawings if (row.run_id, row.iteration) == (column.ref.run_id, column.ref.iteration)]
    return [*own, *drawn] if column.is_exact else [*drawn, *own]


def _settings(row: Picture) -> tuple:
    """What the base model must have in common with a picture to be compared with it."""
    return row.run_id, row.prompt, row.seed, *_how(row)


def _how(row: Picture) -> tuple:
    return (row.num_steps, row.guidance_scale) if isinstance(row, Drawing) else ()
