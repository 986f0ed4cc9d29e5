"""ZeRO-2 in two processes is AdamW in one. `make test-deepspeed` runs this, in an environment that has DeepSpeed."""

import json
import math
from pathlib import Path

import pytest

from tests.flowdppo_engine.training.run_folder import read_events
from tests.flowdppo_engine.training.together import (
    assert_checkpoints_alike,
    assert_told_alike,
    environment_of_processes,
    make_workdir,
    run_in_two_processes,
)
from tests.flowdppo_engine.training.two_processes import SHARING_OPTIMIZER
from tests.flowdppo_engine.training.zero2_steps import SHAPES

pytestmark = pytest.mark.deepspeed

SAME = {f"{name}-zero2": f"{name}-alone" for name in SHARING_OPTIMIZER}
SAME |= {f"from_{way}": "policy_gradient-alone" for way in ("one_to_zero2", "zero2_to_one")}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    workdir = make_workdir(tmp_path_factory.mktemp("zero2"))
    return run_in_two_processes(workdir, "zero2", environment_of_processes())


@pytest.fixture(scope="module")
def exits(runs) -> list[dict[str, list[float]]]:
    """Exit code and seconds of each run, for both processes."""
    return [json.loads((runs / f"exits-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize(("name", "alone"), SAME.items())
def test_a_run_is_that_of_one_process(runs, exits, name, alone):
    assert [codes[name][0] for codes in exits] == [0, 0]
    assert_told_alike(runs / name, runs / alone)
    assert_checkpoints_alike(runs / name, runs / alone)


def test_a_failure_of_one_process_ends_both(runs):
    failed = read_events(runs / "failed_update-zero2")[-1]
    assert failed.error.startswith("process 1 of 2 (counted from 0): RuntimeError: CUDA out of memory")


@pytest.fixture(scope="module", params=[0, 1])
def zero2_steps(request, runs, exits) -> dict:
    """As one of the two processes had them."""
    assert exits[request.param]["zero2_steps"][0] == 0
    return json.loads((runs / "zero2_steps" / f"{request.param}.json").read_text())


def test_zero2s_steps_are_those_of_one_adamw_on_the_summed_gradient(zero2_steps):
    assert len(zero2_steps["apart"]) == 5 and max(zero2_steps["apart"]) < 1e-6
    norms = [(whole, shared) for whole, shared in zero2_steps["norms"] if math.isfinite(whole)]
    assert len(norms) == 3 and all(shared == pytest.approx(whole) and whole > 1 for whole, shared in norms)


def test_zero2_takes_no_step_on_a_gradient_that_is_not_finite_in_one_process(zero2_steps):
    assert [math.isfinite(shared) for _, shared in zero2_steps["norms"]] == [True, False, False, True, True]


def test_zero2_keeps_half_of_the_moments_in_each_process_and_gathers_all(zero2_steps):
    assert len(zero2_steps["moments_apart"]) == 6 and max(zero2_steps["moments_apart"]) < 1e-6
    assert (zero2_steps["before"], zero2_steps["forgotten"]) == (0, 0)
    num_parameters = sum(math.prod(shape) for shape in SHAPES)
    assert num_parameters / 2 <= zero2_steps["shares"] < num_parameters / 2 + 4
