"""What the end of an engine means."""

import pytest

from flowdppo_engine.events import Failed, Finished
from runs.models import AttemptOutcome
from worker.verdict import Asked, Cancelled, Complete, Failure, HandBack, PutDown, judge, settle

DONE = Finished(iteration=9, step=18)
STOPPED = Finished(iteration=4, step=8, stopped=True)
BROKEN = Failed(error="E", traceback="T", hint="H", deterministic=True)
UNLUCKY = Failed(error="E", traceback="T", hint="H", deterministic=False)


@pytest.mark.parametrize("asked", [None, *Asked])
def test_a_run_that_came_to_its_end_is_finished_whatever_was_asked(asked):
    assert judge(0, DONE, asked, "") == Complete()


@pytest.mark.parametrize("last", [STOPPED, UNLUCKY, None])
def test_what_was_asked_decides_where_the_end_was_not_reached(last):
    assert judge(-9, last, Asked.CANCEL, "") == Cancelled()
    assert judge(-9, last, Asked.SHUTDOWN, "") == HandBack()


def test_a_stop_is_done_only_once_the_engine_says_so():
    assert judge(0, STOPPED, Asked.STOP, "") == PutDown()
    assert judge(1, BROKEN, Asked.STOP, "") == Failure("E", "H")
    assert judge(-9, None, Asked.STOP, "").outcome == AttemptOutcome.LOST


def test_where_memory_ran_out_is_kept():
    oom = UNLUCKY.model_copy(update={"memory_ran_out_in": "the update"})
    assert judge(1, oom, None, "").memory_ran_out_in == "the update"


def test_a_deterministic_failure_is_final():
    assert judge(1, BROKEN, None, "") == Failure("E", "H")


def test_another_failure_is_a_death_with_its_hint():
    death = judge(1, UNLUCKY, None, "console")
    assert (death.outcome, death.detail, death.hint) == (AttemptOutcome.FAILED, "T", "H")


@pytest.mark.parametrize(
    ("exit_code", "words"), [(-9, "killed by SIGKILL (out of memory"), (-11, "SIGSEGV"), (3, "exit code 3")]
)
def test_an_engine_without_a_last_word_is_a_death_with_the_end_of_its_console(exit_code, words):
    death = judge(exit_code, None, None, "the last lines")
    assert words in death.reason
    assert (death.outcome, death.detail) == (AttemptOutcome.LOST, "the last lines")


def test_a_stop_that_nobody_here_asked_for_is_a_death():
    assert judge(0, STOPPED, None, "").outcome == AttemptOutcome.LOST


def test_only_an_end_settles_a_run():
    assert (settle(DONE), settle(BROKEN)) == (Complete(), Failure("E", "H"))
    assert settle(STOPPED) is settle(UNLUCKY) is settle(None) is None
