"""The real engine under the real worker, on the sandbox: undisturbed, and killed in the middle."""

import sys
from collections import defaultdict

import psutil
import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import recipe_fields
from runs.models import AttemptOutcome, Run, RunState
from tests.worker.conftest import folder_of, live_points, wait_for, wait_for_state

ENGINE = f"{sys.executable},-m,flowdppo_engine"
ITERATIONS = 6

pytestmark = pytest.mark.timeout(3000)


@pytest.fixture
def submit_smoke(submit):
    config = RunConfig.model_validate(recipe_fields("sandbox-smoke") | {"iterations": ITERATIONS})
    return lambda: submit(config=config.model_dump(mode="json"), recipe="sandbox-smoke")


def curves(run: Run) -> dict[str, list[tuple]]:
    """What a run measured, without how long it took."""
    found = defaultdict(list)
    for key, iteration, step, value in live_points(run):
        if not key.startswith(("time/", "memory/")):
            found[key].append((iteration, step, value))
    return dict(found)


def evaluations(run: Run) -> list[tuple]:
    return list(run.evaluations.order_by("iteration", "prompt_set").values_list("iteration", "prompt_set", "scores"))


def test_a_killed_run_ends_with_the_numbers_of_an_undisturbed_one(workers, submit_smoke):
    workers.start(engine=ENGINE)
    undisturbed = wait_for_state(submit_smoke(), RunState.FINISHED)
    expected = curves(undisturbed)
    assert [iteration for iteration, _, _ in expected["reward/mean"]] == list(range(1, ITERATIONS + 1))
    assert {iteration for iteration, _, _ in evaluations(undisturbed)} == {0, 3, ITERATIONS}
    assert undisturbed.samples.exists()
    assert all((folder_of(undisturbed) / sample.path).is_file() for sample in undisturbed.samples.all())

    killed = submit_smoke()
    wait_for(lambda: Run.objects.get(id=killed.id).iteration >= 2, "the second iteration")
    psutil.Process(killed.attempts.get().engine_pid).kill()
    wait_for_state(killed, RunState.FINISHED)
    assert [attempt.outcome for attempt in killed.attempts.all()] == [AttemptOutcome.LOST, AttemptOutcome.FINISHED]
    assert curves(killed) == expected
    assert evaluations(killed) == evaluations(undisturbed)
    assert killed.samples.count() == undisturbed.samples.count()
