"""The pictures beside one: what other iterations of its run drew of the same prompt, from the same seed."""

from dataclasses import dataclass
from itertools import chain

from pictures.models import Drawing
from pictures.refs import ref_of
from pictures.selectors import visible_drawings
from pictures.shown import Shown, show
from runs.media import visible_samples
from runs.models import Sample
from teams.models import User

MOST_EACH_WAY = 24


@dataclass(frozen=True)
class Neighbours:
    """In the order of their iterations, the picture itself among them; `base` is what the base model drew."""

    row: list[Shown]
    before: Shown | None
    after: Shown | None
    base: Shown | None


def neighbours_of(user: User, picture: Sample | Drawing) -> Neighbours:
    """Of each kind at most MOST_EACH_WAY before it and after it; five queries."""
    if picture.run_id is None:
        return Neighbours([show(picture)], None, None, None)
    found = list(chain(*(_around(rows, picture) for rows in _rows(user, picture))))
    base = _base(user, picture)
    rows = {ref_of(row): row for row in [picture, *found, *([base] if base else [])]}.values()
    row = [show(one) for one in sorted(rows, key=lambda one: (one.iteration, isinstance(one, Drawing), one.id))]
    place = next(place for place, one in enumerate(row) if one.ref == ref_of(picture))
    return Neighbours(
        row,
        row[place - 1] if place else None,
        row[place + 1] if place + 1 < len(row) else None,
        show(base) if base and ref_of(base) != ref_of(picture) else None,
    )


def _rows(user: User, picture: Sample | Drawing):
    """Samples of the same kind and drawings, of the same run, prompt and seed."""
    same = {"run": picture.run_id, "prompt": picture.prompt, "seed": picture.seed}
    samples = visible_samples(user).filter(**same).defer("run__config", "run__summary")
    samples = samples.filter(kind=picture.kind) if isinstance(picture, Sample) else samples
    return samples, visible_drawings(user).filter(**same).defer("run__config", "run__summary")


def _around(rows, picture: Sample | Drawing):
    earlier = rows.filter(iteration__lte=picture.iteration).order_by("-iteration", "-id")
    later = rows.filter(iteration__gt=picture.iteration).order_by("iteration", "id")
    return chain(earlier[: MOST_EACH_WAY + 1], later[:MOST_EACH_WAY])


def _base(user: User, picture: Sample | Drawing) -> Sample | Drawing | None:
    samples, drawings = (rows.filter(iteration=0).order_by("id").first() for rows in _rows(user, picture))
    return samples or drawings
