"""A team's sweeps to play with."""

from collections.abc import Callable

import pytest

from runs import summaries
from runs.models import Attempt, Run
from sweeps.axes import Axis
from sweeps.models import Sweep
from sweeps.services import make_sweep
from tests.platform.lab import CONFIG, Lab, add_evaluation, add_point

RATES = Axis("optimizer.lr", (1e-5, 1e-4))
RANKS = Axis("lora.rank", (8, 16))


@pytest.fixture
def sweep(lab) -> Sweep:
    """Two learning rates with two seeds each."""
    return make_sweep(lab.member, lab.experiment, "Rates", "sandbox-flow-dppo", CONFIG, [RATES], [0, 1])


@pytest.fixture
def scored() -> Callable[[Run, float], None]:
    """Finishes a run with this held-out score, and a training reward twice as high."""

    def finish(run: Run, score: float) -> None:
        Attempt.objects.create(run=run, number=1, worker="node-1")
        add_evaluation(run, 40, score)
        add_point(run, "reward/mean", 40, 2 * score)
        summaries.refresh(run.id)
        Run.objects.filter(id=run.id).update(state="finished")

    return finish


@pytest.fixture
def make(lab: Lab) -> Callable[..., Sweep]:
    def make(axes, seeds, config=CONFIG, **wishes) -> Sweep:
        return make_sweep(lab.member, lab.experiment, "Sweep", "sandbox-flow-dppo", config, axes, seeds, **wishes)

    return make
