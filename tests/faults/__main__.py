"""`make test-faults`: each fault several times at random moments; the README's table says what became of the runs."""

import argparse
import random
import sys
from pathlib import Path

from tests.faults.faults import FAULTS, Fault
from tests.faults.settings import CannotBeRun, set_stage
from tests.faults.table import write_table
from tests.faults.trials import Outcome, hold, undisturbed

README = Path(__file__).with_name("README.md")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.faults")
    parser.add_argument("--trials", type=int, default=3, help="of each fault")
    parser.add_argument("--only", default="", help="faults with this in their names")
    parser.add_argument("--seed", type=int, default=None, help="of the moments; printed where it is left out")
    parser.add_argument("--write", action="store_true", help="put the table into tests/faults/README.md")
    chosen = parser.parse_args()
    seed = random.randrange(10**6) if chosen.seed is None else chosen.seed
    random.seed(seed)
    print(f"seed {seed}", flush=True)
    faults = [fault for fault in FAULTS if chosen.only in fault.name]
    outcomes = [outcome for setting in _settings(faults) for outcome in _hold_all(setting, faults, chosen.trials)]
    if chosen.write:
        write_table(README, outcomes)
    return 0 if all(outcome.num_clean == len(outcome.trials) for outcome in outcomes) else 1


def _settings(faults: list[Fault]) -> list[str]:
    return list(dict.fromkeys(fault.setting for fault in faults))


def _hold_all(setting: str, faults: list[Fault], num_trials: int) -> list[Outcome]:
    outcomes = [Outcome(fault) for fault in faults if fault.setting == setting]
    try:
        with set_stage(setting) as (stage, config):
            expected = undisturbed(stage, config)
            for outcome in outcomes:
                for _ in range(num_trials):
                    outcome.trials.append(hold(stage, outcome.fault, config, expected))
                    _tell(outcome)
    except CannotBeRun as reason:
        for outcome in outcomes:
            outcome.not_run = str(reason)
            print(f"{outcome.fault.name}: not run, {reason}", flush=True)
    return outcomes


def _tell(outcome: Outcome) -> None:
    trial = outcome.trials[-1]
    became = "; ".join(trial.trouble) or "as if nothing had happened"
    facts = f"{trial.num_attempts} attempts, {trial.seconds:.0f} s"
    print(f"{outcome.fault.name}, {len(outcome.trials)}: {became} ({facts})", flush=True)


if __name__ == "__main__":
    sys.exit(main())
