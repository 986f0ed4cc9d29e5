"""What a rule answers, and the options that people set for it."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from alerts.models import Kind
from alerts.rules.history import History

MAX_LEVEL = 20
REARMED_BELOW = 0.9

Options = Mapping[str, float | str | None]


@dataclass(frozen=True)
class Reading:
    """How a rule stands at an iteration. It holds from `ratio` 1 on: the measured value over its threshold.

    `since` is the iteration that it compares with; `curves` are the metrics, and the [prompt set, score] pairs, that
    show it.
    """

    ratio: float
    summary: str = ""
    since: int = 0
    curves: tuple = ()


QUIET = Reading(0.0)


def advance(told: int | None, ratio: float) -> tuple[int | None, bool]:
    """The level that is told after this reading, None between episodes, and whether it is news.

    An episode begins at ratio 1 and ends below REARMED_BELOW, so that a value that trembles about its threshold is one
    episode. Its level rises with each doubling of the ratio, and each level is told once.
    """
    if ratio < REARMED_BELOW:
        return None, False
    if ratio < 1:
        return told, False
    level = MAX_LEVEL if math.isinf(ratio) else min(MAX_LEVEL, math.floor(math.log2(ratio)))
    return (level, True) if told is None or level > told else (told, False)


@dataclass(frozen=True)
class Option:
    """A number of a rule, or with `choices` one of some texts. `is_optional` numbers may be left out (None)."""

    name: str
    label: str
    default: float | str | None
    help: str
    unit: str = ""
    least: float = 0
    most: float = 1e9
    is_whole: bool = False
    is_optional: bool = False
    choices: tuple[tuple[str, str], ...] = ()


MEAN_OF_THE_LAST = Option(
    "num_iterations",
    "Mean of the last",
    5,
    "One iteration alone may be an outlier.",
    unit="iterations",
    least=1,
    most=1000,
    is_whole=True,
)


@dataclass(frozen=True)
class Definition:
    """A kind of rule. `judge` reads a history at one iteration and answers None where there is not enough yet."""

    kind: Kind
    about: str
    options: tuple[Option, ...]
    judge: Callable[[History, int, Options], Reading | None] | None
    metrics: tuple[str, ...] = ()
    is_on: bool = True

    @property
    def defaults(self) -> dict:
        return {option.name: option.default for option in self.options}


def figure(value: float) -> str:
    return f"{value:.4g}"
