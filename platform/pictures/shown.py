"""A picture as pages and scripts get it, whatever table it is in."""

from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from pictures.models import Drawing
from pictures.refs import Ref, ref_of
from runs.models import Sample


@dataclass(frozen=True)
class Shown:
    """`picture` and `thumbnail` are addresses. `iteration` is that of the policy that drew it, 0 the base model."""

    ref: Ref
    run_id: UUID | None
    run_name: str
    iteration: int
    prompt: str
    seed: int
    rewards: dict[str, float]
    kl: float | None
    picture: str
    thumbnail: str


def show(row: Sample | Drawing) -> Shown:
    """`row` comes with its run."""
    kind = "sample" if isinstance(row, Sample) else "drawing"
    return Shown(
        ref_of(row),
        row.run_id,
        row.run.name if row.run else "",
        row.iteration,
        row.prompt,
        row.seed,
        row.rewards,
        getattr(row, "kl", None),
        reverse(f"{kind}_picture", args=[row.id]),
        reverse(f"{kind}_thumbnail", args=[row.id]),
    )
