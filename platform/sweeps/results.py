"""A sweep as a table: a row for each point, with mean and interval over its seeds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import Run, RunState
from runs.summaries import SCORE
from sweeps.axes import format_value
from sweeps.models import SweepRun
from sweeps.statistics import SeedMean, mean_over_seeds

HIGHER_IS_BETTER = (SCORE, REWARD, f"{SCORE}/")
DRIFT = "/drift/"

BEST, OPEN, BEHIND = "best", "not told apart", ""


@dataclass(frozen=True)
class Measure:
    """What points are compared by: a key of `Run.summary`, and its name."""

    key: str
    title: str

    @property
    def has_best(self) -> bool:
        """Whether more of it is better; of how far a policy has moved it is not."""
        return self.key.startswith(HIGHER_IS_BETTER) and DRIFT not in self.key


MEASURES = (
    Measure(SCORE, "Held-out score"),
    Measure(REWARD, "Training reward"),
    Measure(KL_TO_BASE, "KL to the base model, nats"),
)


@dataclass(frozen=True)
class PointRow:
    """A point with its runs; `verdict` compares it with the best by the chosen measure."""

    values: dict[str, Any]
    texts: tuple[str, ...]
    runs: tuple[Run, ...]
    chosen: SeedMean | None
    score: SeedMean | None
    reward: SeedMean | None
    kl: SeedMean | None
    verdict: str = BEHIND

    @property
    def num_finished(self) -> int:
        return sum(run.state == RunState.FINISHED for run in self.runs)

    @property
    def num_live(self) -> int:
        return sum(run.is_live for run in self.runs)

    @property
    def num_failed(self) -> int:
        return sum(run.state in (RunState.FAILED, RunState.CANCELLED, RunState.STOPPED) for run in self.runs)


def measures_of(runs: Iterable[Run]) -> list[Measure]:
    """What the runs can be compared by: the usual three, then every score of every prompt set."""
    keys = sorted({key for run in runs for key in run.summary if key.startswith(f"{SCORE}/")})
    return [*MEASURES, *(Measure(key, _title(key)) for key in keys)]


def point_rows(knobs: Sequence[str], members: Iterable[SweepRun], measure: Measure) -> list[PointRow]:
    """`members` point by point, as `selectors.members_of` has them."""
    points = [list(some) for _, some in groupby(members, key=lambda member: member.place)]
    rows = [row_of(some[0].point, knobs, [member.run for member in some], measure) for some in points]
    return judged(rows, measure)


def judged(rows: list[PointRow], measure: Measure) -> list[PointRow]:
    """The rows with their verdicts, where the measure has a best."""
    if not measure.has_best:
        return rows
    best = max((row.chosen for row in rows if row.chosen), key=lambda estimate: estimate.mean, default=None)
    return [_judged(row, best, rows) for row in rows]


def _judged(row: PointRow, best: SeedMean | None, rows: Sequence[PointRow]) -> PointRow:
    """The best stands alone only where no other interval meets its own."""
    if row.chosen is None or best is None or sum(row.chosen is not None for row in rows) < 2:
        return row
    rivals = [other for other in rows if other.chosen and other.chosen is not best and other.chosen.overlaps(best)]
    if row.chosen is best:
        return _with(row, OPEN if rivals else BEST)
    return _with(row, OPEN if row in rivals else BEHIND)


def row_of(values: Mapping[str, Any], knobs: Sequence[str], runs: Sequence[Run], measure: Measure) -> PointRow:
    """A row of runs that differ by their seed alone, unjudged."""

    def mean_of(key: str) -> SeedMean | None:
        return mean_over_seeds(run.summary.get(key) for run in runs)

    texts = tuple(format_value(values.get(knob)) for knob in knobs)
    usual = (mean_of(SCORE), mean_of(REWARD), mean_of(KL_TO_BASE))
    return PointRow(dict(values), texts, tuple(runs), mean_of(measure.key), *usual)


def _with(row: PointRow, verdict: str) -> PointRow:
    return PointRow(**{**row.__dict__, "verdict": verdict})


def _title(key: str) -> str:
    _, prompt_set, reward = key.split("/", 2) if key.count("/") > 1 else ("", "", key)
    return f"{reward.replace('_', ' ')} on {prompt_set.rpartition(':')[2].replace('_', ' ')}"
