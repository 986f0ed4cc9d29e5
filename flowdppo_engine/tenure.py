"""Which attempt may write to a run folder, where two machines see the same one. Torch-free.

A worker that is frozen with its engine, or cut off from the database, loses its run to another one. When the engine
goes on after that, it must not write between the other's lines. Each attempt lays its number into the folder before
its engine starts; an engine that finds a higher one there ends at once, without a word.
"""

import os
import sys
from pathlib import Path

ATTEMPT_FILE = "attempt"
ATTEMPT_VARIABLE = "FLOWDPPO_ATTEMPT"


def take_over(folder: Path, attempt: int) -> None:
    """From now on only this attempt, or a later one, may write to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    staged = folder / f".{ATTEMPT_FILE}-{attempt}"
    staged.write_text(str(attempt), encoding="ascii")
    staged.replace(folder / ATTEMPT_FILE)


class Tenure:
    """The right to write to a run folder. A process without an attempt's number in its environment has no rival."""

    def __init__(self, folder: Path):
        number = os.environ.get(ATTEMPT_VARIABLE)
        self._attempt = int(number) if number else None
        self._path = folder / ATTEMPT_FILE

    def end_if_over(self) -> None:
        """Ends the process where a later attempt has taken over: nothing may follow, not even a last word."""
        if self._attempt is None:
            return
        try:
            holder = int(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return
        if holder > self._attempt:
            print(f"Attempt {holder} has taken over; attempt {self._attempt} ends.", file=sys.stderr, flush=True)
            os._exit(os.EX_TEMPFAIL)
