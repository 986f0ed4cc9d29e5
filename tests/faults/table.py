"""The table of faults and outcomes in the suite's README."""

import os
import platform
import statistics
from datetime import date
from pathlib import Path

from tests.faults.trials import Outcome

BEGIN, END = "<!-- outcomes -->", "<!-- end of outcomes -->"
HEAD = "| fault | trials | ended like the undisturbed run | attempts | seconds, median | otherwise |"


def write_table(readme: Path, outcomes: list[Outcome]) -> None:
    """Put the outcomes of a whole run of the suite between the marks."""
    before, _, rest = readme.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    lines = [f"{date.today()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}.", ""]
    lines += [HEAD, "|---|---|---|---|---|---|", *map(_line, outcomes)]
    readme.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}", encoding="utf-8")


def _line(outcome: Outcome) -> str:
    if not outcome.trials:
        return f"| {outcome.fault.name} | 0 | | | | not run: {outcome.not_run} |"
    attempts = [trial.num_attempts for trial in outcome.trials]
    seconds = statistics.median(trial.seconds for trial in outcome.trials)
    troubles = "; ".join(sorted({trouble for trial in outcome.trials for trouble in trial.trouble}))
    span = f"{min(attempts)}" if min(attempts) == max(attempts) else f"{min(attempts)} to {max(attempts)}"
    return (
        f"| {outcome.fault.name} | {len(outcome.trials)} | {outcome.num_clean} | {span} | {seconds:.0f} | {troubles} |"
    )
