"""What is running on a data folder, written down so that a later start can end what a killed one left behind."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from stack.process_group import ProcessGroup

RECORDS_FILE = "processes.json"
# supervisord stops everything in order, engines with a checkpoint; the others are ended one by one.
SUPERVISOR_GRACE = 120.0
PROCESS_GRACE = 60.0


class ProcessRecords:
    def __init__(self, data_dir: Path):
        self._path = data_dir / RECORDS_FILE

    def write(self, supervisor: ProcessGroup, others: Iterable[ProcessGroup] = ()) -> None:
        """`others` in the order in which they were started."""
        staged = self._path.with_suffix(".new")
        staged.write_text(json.dumps([asdict(group) for group in (supervisor, *others)]))
        staged.replace(self._path)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)

    def end_leftovers(self) -> int:
        """End what is still running of what was written down; return how many processes that were."""
        if not self._path.exists():
            return 0
        supervisor, *others = [ProcessGroup(**record) for record in json.loads(self._path.read_text())]
        num_left = sum(len(group.members()) for group in (supervisor, *others))
        supervisor.end(SUPERVISOR_GRACE)
        for group in reversed(others):
            group.end(PROCESS_GRACE)
        self.clear()
        return num_left
