"""How an attempt died, and whether a further one is worth it."""

from collections.abc import Sequence
from dataclasses import dataclass

from runs.models import Attempt, AttemptOutcome, Run

MAX_DEATHS = 5
MAX_DEATHS_AT_ONE_ITERATION = 3
# Memory runs out at the same place again: nothing but the configuration decides how much is needed there.
MAX_DEATHS_OF_MEMORY_AT_ONE_PLACE = 2
DEATHS = (AttemptOutcome.LOST, AttemptOutcome.FAILED)


@dataclass(frozen=True)
class Death:
    """How an attempt ended: `reason` in a sentence for the log, `detail` (the engine's last words) for the attempt.

    `memory_ran_out_in`: in which part of the work ("the update"), if that is what ended it.
    """

    outcome: AttemptOutcome
    reason: str
    detail: str = ""
    hint: str = "Read the end of the log, then submit the run again with what you changed."
    memory_ran_out_in: str = ""

    @property
    def error(self) -> str:
        return f"{self.reason}\n\n{self.detail}".strip()


def why_no_further_attempt(run: Run) -> str:
    """In words, empty where another attempt is worth it. What was before somebody resumed the run does not count."""
    attempts = list(run.attempts.filter(number__gt=run.attempts_forgiven).order_by("-number"))
    if not attempts or attempts[0].outcome not in DEATHS:
        return ""
    num_deaths = sum(attempt.outcome in DEATHS for attempt in attempts)
    return (
        _out_of_memory_again(attempts[:MAX_DEATHS_OF_MEMORY_AT_ONE_PLACE])
        or _stuck(attempts[:MAX_DEATHS_AT_ONE_ITERATION])
        or (f"{num_deaths} attempts have died." if num_deaths >= MAX_DEATHS else "")
    )


def _out_of_memory_again(last: Sequence[Attempt]) -> str:
    places = {(attempt.memory_ran_out_in, _reached(attempt)) for attempt in last}
    if len(last) < MAX_DEATHS_OF_MEMORY_AT_ONE_PLACE or len(places) > 1:
        return ""
    part, iteration = places.pop()
    return f"Memory ran out {len(last)} times in {part} after iteration {iteration}." if part else ""


def _stuck(last: Sequence[Attempt]) -> str:
    reached = {_reached(attempt) for attempt in last}
    is_stuck = all(attempt.outcome in DEATHS for attempt in last) and len(reached) == 1
    if len(last) < MAX_DEATHS_AT_ONE_ITERATION or not is_stuck:
        return ""
    return f"It died {len(last)} times in a row after iteration {reached.pop()}."


def _reached(attempt: Attempt) -> int:
    return attempt.reached if attempt.reached is not None else attempt.resumed_from or 0
