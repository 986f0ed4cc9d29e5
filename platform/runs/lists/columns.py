"""The columns that a list of runs can have: how each is called, sorted and read off a run."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import F

from catalog.prompt_files import name_of
from runs.filters import FilterError, config_paths
from runs.filters.json_values import FirstAtPath
from runs.metric_names import KL_TO_BASE, REWARD, title_of
from runs.models import Run
from runs.summaries import BEST, BEST_ITERATION, SCORE

# In every list, before the others.
ALWAYS = ("name", "state")
MANY_COLUMNS = 12
NUM_FIGURES = 6
LONGEST_KEY = 400


class Kind(StrEnum):
    """What a column shows; `runs/_run_table.html` says how."""

    FACT = "fact"
    EXPERIMENT = "experiment"
    ITERATION = "iteration"
    TIME = "time"
    SCORE = "score"
    NUMBER = "number"
    SETTING = "setting"


# From what was asked of a run to what came of it.
KINDS_IN_ORDER = (Kind.EXPERIMENT, Kind.SETTING, Kind.FACT, Kind.ITERATION, Kind.NUMBER, Kind.SCORE, Kind.TIME)


@dataclass(frozen=True)
class Column:
    """`title` stands above it, `help` explains it; `source` is the field of the run behind a fact or a time."""

    key: str
    title: str
    kind: Kind
    source: str = ""
    help: str = ""

    @property
    def is_number(self) -> bool:
        return self.kind in (Kind.ITERATION, Kind.SCORE, Kind.NUMBER, Kind.TIME)

    @property
    def expression(self):
        """What the database sorts by; NULL where a run has no such value."""
        if self.source:
            return F(self.source)
        if self.kind is Kind.SETTING:
            return FirstAtPath("config", config_paths.find(self.key))
        return FirstAtPath("summary", [self.key])

    def read(self, run: Run):
        """The value of a run that this column shows, as the database or JSON has it."""
        if self.kind is Kind.SETTING:
            return setting_text(run.config, config_paths.find(self.key))
        if self.source:
            value = run
            for step in self.source.split("__"):
                value = getattr(value, step, None)
            return value
        return run.summary.get(self.key)


FACTS = {
    column.key: column
    for column in (
        Column("name", "Run", Kind.FACT, "name"),
        Column("state", "State", Kind.FACT, "state"),
        Column("experiment", "Experiment", Kind.EXPERIMENT, "experiment__name"),
        Column("iteration", "Iteration", Kind.ITERATION, "iteration"),
        Column("recipe", "Recipe", Kind.FACT, "recipe"),
        Column("person", "Person", Kind.FACT, "created_by__email"),
        Column("created", "Age", Kind.TIME, "created_at", "How long ago it was submitted"),
        Column("started", "Started", Kind.TIME, "started_at"),
        Column("ended", "Ended", Kind.TIME, "ended_at"),
        Column("attempts", "Attempts", Kind.FACT, "num_attempts"),
    )
}
SCORES = {
    SCORE: Column(
        SCORE,
        "Held-out score",
        Kind.SCORE,
        help="First reward on the first evaluation prompt set; difference to the base model with its 95 % interval",
    ),
    BEST: Column(BEST, "Best score", Kind.NUMBER, help="The highest such score of a trained checkpoint"),
    BEST_ITERATION: Column(BEST_ITERATION, "Best at", Kind.NUMBER, help="The iteration of the best score"),
}
SHORT_TITLES = {REWARD: "Reward", KL_TO_BASE: "KL to base"}


def column_of(key: str) -> Column:
    """The column of a fact, a score, a metric or a value of the configuration. Raises FilterError for none of them."""
    known = FACTS.get(key) or SCORES.get(key)
    if known is not None:
        return known
    if "/" in key and key.isprintable() and len(key) <= LONGEST_KEY:
        return Column(key, SHORT_TITLES.get(key) or _title(key), Kind.NUMBER, help=f"Last value of {key}")
    steps = config_paths.find(key)
    return Column(key, ".".join(steps[-2:]), Kind.SETTING, help=".".join(steps))


def columns_of(keys: list[str]) -> list[Column]:
    """Those that there are, each once, in the order of their kinds: an address may be old or mistyped."""
    found = []
    for key in dict.fromkeys(keys):
        try:
            found.append(column_of(key))
        except FilterError:
            continue
    chosen = [column for column in found if column.key not in ALWAYS][:MANY_COLUMNS]
    return sorted(chosen, key=lambda column: KINDS_IN_ORDER.index(column.kind))


def setting_text(config: dict, steps: tuple[str, ...]) -> str:
    """The value at the end of a path as a person writes it; of a list's members all, with commas."""
    return ", ".join(_text(value) for value in _values(config, steps))


def _values(value, steps: tuple[str, ...]) -> list:
    if isinstance(value, list) and not (steps and steps[0].isdecimal()):
        return [found for inner in value for found in _values(inner, steps)]
    if not steps:
        return [] if value is None else [value]
    if isinstance(value, list):
        return _values(value[int(steps[0])], steps[1:]) if int(steps[0]) < len(value) else []
    return _values(value.get(steps[0]), steps[1:]) if isinstance(value, dict) else []


def _text(value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.{NUM_FIGURES}g}" if isinstance(value, float) else str(value)


def _title(key: str) -> str:
    """A score by its prompt set and reward, a metric by its title."""
    kind, _, rest = key.partition("/")
    if kind not in (SCORE, BEST):
        return title_of(key)
    prompt_set, _, reward = rest.rpartition("/")
    prompt_set = prompt_set.removesuffix("/drift")
    words = "Best" if kind == BEST else "Last"
    return f"{words} {reward} on {name_of(prompt_set)}"
