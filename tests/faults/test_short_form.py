"""The short form of `make test-faults`: the database dies, and everything at once."""

import random

import pytest

from tests.faults.faults import FAULTS
from tests.faults.settings import set_stage
from tests.faults.trials import hold, undisturbed

SHORT = ("SIGKILL of PostgreSQL", "power cut: SIGKILL of everything, then `make run`")


@pytest.mark.timeout(2400)
def test_a_run_goes_on_as_if_nothing_had_happened():
    random.seed(1)
    with set_stage("plain") as (stage, config):
        expected = undisturbed(stage, config)
        for fault in FAULTS:
            if fault.name in SHORT:
                trial = hold(stage, fault, config, expected)
                assert (fault.name, trial.trouble) == (fault.name, [])
