"""Evaluations with their intervals: base model, newest checkpoint, and the difference between them."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from catalog.prompt_files import name_of
from reports.drawings import Cell, Drawing, Gap, Table, TableRow
from reports.panels.words import missing_words, nothing_of
from reports.reading import Reading
from reports.scope import Scope
from runs.results import Estimate, ScoreRow, score_rows
from runs.templatetags.figures import DASH, change, score, verdict

MOST_RUNS = 50
HEADINGS = ["Run", "Prompt set", "Reward", "Base model", "Trained", "Difference", "Prompts"]


@dataclass(frozen=True)
class EvaluationTable:
    """Without prompt sets or rewards, all of them."""

    runs: tuple[UUID, ...]
    prompt_sets: tuple[str, ...] = ()
    rewards: tuple[str, ...] = ()
    title: str = ""

    @classmethod
    def read(cls, reading: Reading) -> "EvaluationTable":
        return cls(
            runs=reading.runs("runs", MOST_RUNS),
            prompt_sets=reading.words("prompt_sets", 20),
            rewards=reading.words("rewards", 20),
            title=reading.text("title"),
        )

    def draw(self, scope: Scope) -> Drawing:
        runs = scope.runs(self.runs)
        evaluations = defaultdict(list)
        for row in scope.evaluations().filter(run__in=[run.id for run in runs]).order_by("iteration", "id"):
            evaluations[row.run_id].append(row)
        rows = [
            TableRow(f"{run.name} at {row.iteration}", run.id, _cells(row))
            for run in runs
            for row in score_rows(evaluations[run.id])
            if self._wants(row)
        ]
        title = self.title or "Evaluations"
        if not rows:
            return Gap(title, nothing_of(runs, "no such evaluation yet"))
        words = "With 95 % intervals. The difference is paired: same prompts, same noise."
        return Table(title, HEADINGS, rows, " ".join([words, *missing_words(self.runs, runs)]))

    def _wants(self, row: ScoreRow) -> bool:
        names = {row.prompt_set, name_of(row.prompt_set)}
        is_wanted_set = not self.prompt_sets or not names.isdisjoint(self.prompt_sets)
        return is_wanted_set and (not self.rewards or row.reward in self.rewards)


def _cells(row: ScoreRow) -> list[Cell]:
    sense = "" if row.is_drift or not row.difference else verdict(row.difference)
    estimates = [_cell(row.before, score), _cell(row.after, score), _cell(row.difference, change, sense)]
    return [Cell(name_of(row.prompt_set)), Cell(row.reward), *estimates, Cell(str(row.num_prompts))]


def _cell(estimate: Estimate | None, write: Callable[[float], str], sense: str = "") -> Cell:
    """One prompt has a score and no interval."""
    if estimate is None or estimate.mean is None:
        return Cell(DASH)
    has_interval = estimate.low is not None and estimate.high is not None
    return Cell(
        write(estimate.mean), f"{write(estimate.low)} to {write(estimate.high)}" if has_interval else "", sense
    )
