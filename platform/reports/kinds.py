"""The kinds of panels: how each is written, and what reads it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from reports.drawings import Drawing
from reports.panels.curves import Curves
from reports.panels.frontier import Frontier
from reports.panels.grid import PictureGrid
from reports.panels.pictures import Pictures
from reports.panels.table import EvaluationTable
from reports.reading import Reading
from reports.scope import Scope


class Panel(Protocol):
    """`runs` are those whose going on changes what is drawn."""

    @property
    def runs(self) -> tuple[UUID, ...]: ...

    def draw(self, scope: Scope) -> Drawing: ...


@dataclass(frozen=True)
class Kind:
    """`keys` are explained beside the editor; a panel of every kind may have a `title`."""

    name: str
    words: str
    keys: tuple[tuple[str, str], ...]
    read: Callable[[Reading], Panel]


KINDS = {
    kind.name: kind
    for kind in (
        Kind(
            "curves",
            "A chart for each metric, with every run in it.",
            (
                ("runs", "ids of runs, with commas"),
                ("metrics", "their names; without, reward and KL to the base model"),
                ("x", "iteration, step, samples (images drawn in training) or hours (of GPUs)"),
                ("smoothing", "0 to 0.99"),
                ("log", "no, kl (a logarithmic axis for KLs) or all (for all that never go below zero)"),
                ("seeds", "each, or mean: runs that differ by their seed alone as mean and 95 % interval"),
            ),
            Curves.read,
        ),
        Kind(
            "frontier",
            "Score against KL to the base model, a point for each evaluation.",
            (
                ("runs", "ids of runs, with commas"),
                ("prompt_set", "without, the first of the first run"),
                ("reward", "without, the first of the first run"),
            ),
            Frontier.read,
        ),
        Kind(
            "grid",
            "Pictures: prompts down, policies across.",
            (
                ("policies", "ID@40 for a run after iteration 40, ID@0 for its base model"),
                ("prompt", "one prompt; as many such lines as you like"),
                ("num_prompts", "how many where none is named; 6"),
                ("seed", "without, the lowest there is"),
            ),
            PictureGrid.read,
        ),
        Kind(
            "table",
            "Evaluations with their intervals.",
            (
                ("runs", "ids of runs, with commas"),
                ("prompt_sets", "without, all of them"),
                ("rewards", "without, all of them"),
            ),
            EvaluationTable.read,
        ),
        Kind("pictures", "Single pictures.", (("refs", "short names, as in s12, d5"),), Pictures.read),
    )
}
