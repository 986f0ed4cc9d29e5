"""What came of an evaluation: a table for each prompt set, a row for each policy."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jobs.models import Job
from pictures.policies import PolicyRef

KL, SPREAD = "drift/kl_nats", "diversity/pixel_rms"


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    @classmethod
    def of(cls, fields: Mapping | None) -> "Estimate | None":
        return cls(fields["mean"], fields["low"], fields["high"]) if fields else None


@dataclass(frozen=True)
class Cell:
    """A score of a policy, and how far it is from the base model's on the same prompts and noise."""

    score: str
    value: Estimate | None
    difference: Estimate | None


@dataclass(frozen=True)
class Row:
    """`cells` are the rewards', `more` of what else they measure. `kl` is in nats; of the base model it is 0. `spread`
    has a value with several pictures of each prompt.
    """

    policy: PolicyRef
    cells: list[Cell]
    more: list[Cell]
    kl: Estimate | None
    spread: Cell

    @property
    def is_base(self) -> bool:
        return self.policy.iteration == 0

    @property
    def iteration(self) -> int:
        return self.policy.iteration


@dataclass(frozen=True)
class Table:
    """`scores` are the rewards, `more` what else they measure. `is_training`: whether the run was trained on these
    prompts.
    """

    prompt_set: str
    num_prompts: int
    scores: list[str]
    more: list[str]
    rows: list[Row]
    is_training: bool

    @property
    def has_spread(self) -> bool:
        return any(row.spread.value for row in self.rows)


@dataclass(frozen=True)
class Result:
    """`policies` are those that were evaluated on some set, the base model first."""

    tables: list[Table]
    policies: list[PolicyRef]

    @property
    def scores(self) -> list[str]:
        return list(dict.fromkeys(score for table in self.tables for score in table.scores))

    @property
    def refs(self) -> str:
        """For an address."""
        return ",".join(map(str, self.policies))


def result_of(job: Job) -> Result:
    """So far, while it is at work. The prompt sets are in the order of its configuration."""
    config = job.payload["config"]
    told = job.result.get("evaluation", [])
    tables = [
        _table(job, name, events, is_training=name == job.run.config["prompts"]["train"])
        for name in config["evaluation"]["prompt_sets"]
        if (events := [event for event in told if event["prompt_set"] == name])
    ]
    iterations = sorted({event["iteration"] for event in told})
    return Result(tables, [PolicyRef(job.run_id, iteration) for iteration in iterations])


def _table(job: Job, prompt_set: str, told: list[dict], *, is_training: bool) -> Table:
    events = sorted(told, key=lambda event: event["iteration"])
    rewards = [reward.get("label") or reward["name"] for reward in job.payload["config"]["rewards"]]
    told = {name for event in events for name in event["scores"]} - {KL, SPREAD}
    scores, more = [name for name in rewards if name in told], sorted(told - set(rewards))
    rows = [
        Row(
            PolicyRef(job.run_id, event["iteration"]),
            [_cell(event, score) for score in scores],
            [_cell(event, score) for score in more],
            Estimate.of(event["scores"].get(KL)),
            _cell(event, SPREAD),
        )
        for event in events
    ]
    return Table(prompt_set, events[0]["num_prompts"], scores, more, rows, is_training)


def _cell(event: dict, score: str) -> Cell:
    return Cell(score, Estimate.of(event["scores"].get(score)), Estimate.of(event["difference"].get(score)))


def lines_of(result: Result) -> Iterator[tuple]:
    """A line for each policy, prompt set and score, under a line of headings; for a CSV file."""
    yield (
        *("run", "iteration", "prompt_set", "num_prompts", "score", "mean", "low", "high"),
        *("difference", "difference_low", "difference_high"),
    )
    for table in result.tables:
        for row in table.rows:
            own = [*row.cells, *row.more, Cell(KL, row.kl, None), row.spread]
            for cell in (cell for cell in own if cell.value):
                change = cell.difference
                yield (
                    *(str(row.policy.run_id), row.iteration, table.prompt_set, table.num_prompts, cell.score),
                    *(cell.value.mean, cell.value.low, cell.value.high),
                    *((change.mean, change.low, change.high) if change else ("", "", "")),
                )
