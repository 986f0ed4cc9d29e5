"""The real engine under the real worker, on the sandbox: undisturbed, and killed in the middle."""

import sys
from collections import defaultdict

import psutil
import pytest

from flowdppo_engine.config import RunConfig
from flowdppo_engine.recipes import recipe_fields
from runs import lifecycle, services
from runs.models import AttemptOutcome, Run, RunState
from teams.models import Role
from teams.services import create_user, set_role
from tests.worker.conftest import folder_of, live_points, wait_for, wait_for_state

ENGINE = f"{sys.executable},-m,flowdppo_engine"
ITERATIONS = 6

pytestmark = pytest.mark.timeout(3000)


@pytest.fixture
def submit_smoke(submit):
    def submit_smoke(iterations: int = ITERATIONS) -> Run:
        config = RunConfig.model_validate(recipe_fields("sandbox-smoke") | {"iterations": iterations})
        fields = {"config": config.model_dump(mode="json"), "total_iterations": iterations}
        return submit(**fields, recipe="sandbox-smoke")

    return submit_smoke


def curves(run: Run) -> dict[str, list[tuple]]:
    """What a run measured, without how long it took."""
    found = defaultdict(list)
    for key, iteration, step, value in live_points(run):
        if not key.startswith(("time/", "memory/")):
            found[key].append((iteration, step, value))
    return dict(found)


def evaluations(run: Run) -> list[tuple]:
    return list(run.evaluations.order_by("iteration", "prompt_set").values_list("iteration", "prompt_set", "scores"))


def assert_same(run: Run, undisturbed: Run) -> None:
    assert curves(run) == curves(undisturbed)
    assert evaluations(run) == evaluations(undisturbed)
    assert run.samples.count() == undisturbed.samples.count()


def test_a_run_that_was_killed_or_stopped_ends_with_the_numbers_of_an_undisturbed_one(workers, submit_smoke):
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
    assert_same(killed, undisturbed)

    stopped = submit_smoke()
    wait_for(lambda: Run.objects.get(id=stopped.id).iteration >= 1, "the first iteration")
    lifecycle.request_stop(stopped, "Ann asked for it.")
    wait_for_state(stopped, RunState.STOPPED)
    assert 1 <= stopped.iteration == stopped.checkpoints.first().iteration < ITERATIONS
    lifecycle.resume(stopped, "Bob asked for it.")
    wait_for_state(stopped, RunState.FINISHED)
    assert [attempt.outcome for attempt in stopped.attempts.all()] == [AttemptOutcome.STOPPED, AttemptOutcome.FINISHED]
    assert not [attempt for attempt in stopped.attempts.all() if attempt.num_void]
    assert_same(stopped, undisturbed)


@pytest.mark.long
def test_more_iterations_and_a_start_from_a_checkpoint_are_the_longer_run(workers, submit_smoke):
    workers.start(engine=ENGINE)
    undisturbed = wait_for_state(submit_smoke(), RunState.FINISHED)
    longer = wait_for_state(submit_smoke(iterations=3), RunState.FINISHED)
    owner = create_user("owner@example.org", "a long one, for tests")
    set_role(longer.experiment.team, owner, Role.MEMBER)
    half = longer.checkpoints.get(iteration=3)
    rest = services.continue_from(owner, half, longer.experiment, "rest", {"iterations": ITERATIONS})
    services.continue_run(owner, longer, ITERATIONS)
    wait_for_state(longer, RunState.FINISHED)
    assert_same(longer, undisturbed)

    wait_for_state(rest, RunState.FINISHED)
    second_half = {key: [point for point in curve if point[0] > 3] for key, curve in curves(undisturbed).items()}
    assert curves(rest) == {key: curve for key, curve in second_half.items() if curve}
    assert evaluations(rest) == evaluations(undisturbed)
    assert rest.attempts.get().resumed_from == 3
