"""The database goes away in the middle: the engine goes on, and everything is stored afterwards."""

import pytest

from runs.models import RunState
from stack.process_group import is_alive
from tests.worker.conftest import folder_of, let_go, live_points, wait_for, wait_for_state, wait_until_held
from tests.worker.test_faults import EXPECTED


@pytest.mark.parametrize("moment", ["while it trains", "until after it has ended"])
def test_nothing_is_lost(workers, submit, database_away, moment):
    workers.start(hold_at=7)
    run = submit()
    engine = wait_until_held(run)
    with database_away():
        let_go(run)
        if moment == "until after it has ended":
            wait_for(lambda: not is_alive(engine.pid), "the engine to end")
            wait_for(lambda: b'"finished"' in (folder_of(run) / "events.jsonl").read_bytes(), "its last word")
    wait_for_state(run, RunState.FINISHED)
    assert run.attempts.count() == 1
    assert live_points(run) == EXPECTED
