"""A run under a fault, and what became of it beside an undisturbed one."""

import time
from dataclasses import dataclass, field

from tests.faults.faults import Fault
from tests.faults.stage import Stage

SECONDS_TO_SETTLE = 15.0


@dataclass(frozen=True)
class Expected:
    """What an undisturbed run of the same configuration measured."""

    curves: list[tuple]
    scores: list[tuple]


@dataclass(frozen=True)
class Trial:
    """One strike. `trouble` says in words what is not as it should be; empty where all is."""

    num_attempts: int
    seconds: float
    trouble: list[str]


@dataclass
class Outcome:
    """All trials of a fault; `not_run` says why there are none."""

    fault: Fault
    trials: list[Trial] = field(default_factory=list)
    not_run: str = ""

    @property
    def num_clean(self) -> int:
        return sum(not trial.trouble for trial in self.trials)


def undisturbed(stage: Stage, config: dict) -> Expected:
    run = stage.submit("undisturbed", config)
    row = stage.wait_for_end(run)
    assert (row.state, row.num_attempts) == ("finished", 1), row
    curves, scores = stage.curves(run), stage.scores(run)
    assert {iteration for _, iteration, _, _ in curves} == set(range(1, config["iterations"] + 1)) and scores
    return Expected(curves, scores)


def hold(stage: Stage, fault: Fault, config: dict, expected: Expected) -> Trial:
    begin = time.monotonic()
    run = stage.submit(fault.name, config)
    stage.wait_for_engine(run)
    fault.strike(stage, run)
    row = stage.wait_for_end(run)
    seconds = time.monotonic() - begin
    return Trial(row.num_attempts, seconds, list(_troubles(stage, run, expected)))


def _troubles(stage: Stage, run: str, expected: Expected):
    row = stage.row(run)
    if row.state != "finished":
        yield f"it is {row.state}: {row.error}"
        return
    if stage.curves(run) != expected.curves:
        yield "its curves are not the undisturbed run's"
    if stage.scores(run) != expected.scores:
        yield "its scores are not the undisturbed run's"
    told, held = stage.lines_and_rows(run)
    if missing := sum((told - held).values()):
        yield f"{missing} values are missing"
    if doubled := sum((held - told).values()):
        yield f"{doubled} values are there too often"
    if row.event_offset != (stage.folder(run) / "events.jsonl").stat().st_size:
        yield "its stream was not read to the end"
    deadline = time.monotonic() + SECONDS_TO_SETTLE
    while stage.engines_left() and time.monotonic() < deadline:
        time.sleep(0.2)
    if left := stage.engines_left():
        yield f"{len(left)} processes are left over"
