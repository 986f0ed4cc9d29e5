"""What pictures policies have drawn, by prompt and seed, so that two of them can be laid side by side."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import PurePosixPath

from django.db.models import Q, QuerySet

from pictures.models import Drawing
from pictures.policies import Policy, PolicyRef
from pictures.refs import DRAWING, SAMPLE, Ref
from pictures.selectors import visible_drawings
from runs.media import CONTENT_TYPES, fixed_samples
from teams.models import User

ANY, SAMPLES = "", "samples"


@dataclass(frozen=True)
class Cell:
    """Pictures are compared where all of it is the same: another number of steps would give a policy away."""

    prompt: str
    seed: int
    num_steps: int
    guidance_scale: float


Drawn = Mapping[PolicyRef, Mapping[Cell, Ref]]


def read_drawn(user: User, policies: Iterable[Policy], prompts: str = ANY, seeds: Collection[int] = ()) -> Drawn:
    """The pictures of each policy. `prompts` is ANY, SAMPLES for the runs' fixed samples, or a prompt set's name.
    Without `seeds` those of any seed are taken.

    Where a policy has drawn a cell more than once, its run's own sample comes before drawings, older before newer.
    Takes two queries.
    """
    by_ref = {policy.ref: policy for policy in policies}
    drawn: dict[PolicyRef, dict[Cell, Ref]] = {ref: {} for ref in by_ref}
    if not by_ref:
        return drawn
    theirs = reduce(or_, (Q(run=ref.run_id, iteration=ref.iteration) for ref in by_ref))
    theirs &= Q(seed__in=seeds) if seeds else Q()
    if prompts in (ANY, SAMPLES):
        rows = fixed_samples(user).filter(theirs).order_by("id")
        for row_id, run_id, iteration, prompt, seed, path in rows.values_list("id", *COLUMNS):
            ref = PolicyRef(run_id, iteration)
            if _is_shown(path):
                drawn[ref].setdefault(Cell(prompt, seed, *_settings_of(by_ref[ref])), Ref(SAMPLE, row_id))
    if prompts != SAMPLES:
        rows = kept_drawings(user).filter(theirs).order_by("id")
        rows = rows.filter(prompt_set=prompts) if prompts else rows
        for row_id, run_id, iteration, prompt, seed, path, *settings in rows.values_list("id", *COLUMNS, *SETTINGS):
            if _is_shown(path):
                drawn[PolicyRef(run_id, iteration)].setdefault(Cell(prompt, seed, *settings), Ref(DRAWING, row_id))
    return drawn


COLUMNS = ("run_id", "iteration", "prompt", "seed", "path")
SETTINGS = ("num_steps", "guidance_scale")


def kept_drawings(user: User) -> QuerySet[Drawing]:
    """Those that do not expire: the others would be gone before a vote is over."""
    return visible_drawings(user).filter(expires_at=None)


def prompt_sets_of(user: User, policies: Iterable[Policy]) -> list[str]:
    """The prompt sets that these policies have drawings of."""
    refs = [policy.ref for policy in policies]
    if not refs:
        return []
    theirs = reduce(or_, (Q(run=ref.run_id, iteration=ref.iteration) for ref in refs))
    names = kept_drawings(user).filter(theirs).exclude(prompt_set="").order_by("prompt_set")
    return list(names.values_list("prompt_set", flat=True).distinct())


def _settings_of(policy: Policy) -> tuple[int, float]:
    """How a run draws its samples: as it draws for its evaluations."""
    evaluation = policy.run.config["evaluation"]
    return evaluation["num_denoising_steps"], evaluation["guidance_scale"]


def _is_shown(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in CONTENT_TYPES
