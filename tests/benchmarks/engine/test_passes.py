"""The passes that are made by hand are those of the iteration."""

import pytest
import torch

from flowdppo_engine.config import RunConfig
from flowdppo_engine.planning.cost import RunCost
from tests.benchmarks.engine.loop import PHASES, BenchedLoop
from tests.benchmarks.engine.overhead import measure_overhead
from tests.benchmarks.engine.passes import Counts, bare_seconds
from tests.flowdppo_engine.models.tiny import NAMES


def expected_counts(config: RunConfig) -> Counts:
    phases = RunCost(config).iteration
    trained = sum(phase.trained for phase in phases)
    return Counts(sum(phase.forwards for phase in phases), trained, trained)


@pytest.mark.parametrize("name", NAMES)
def test_an_iteration_makes_the_passes_that_its_cost_plans(name, make_subject):
    subject = make_subject(name, rollout={"groups_per_iteration": 1})
    loop = BenchedLoop(subject)
    loop.run()
    assert Counts.of(loop.run().passes) == expected_counts(subject.config)


def test_passes_by_hand_give_the_iterations_gradient_and_leave_none(make_subject):
    """The gradients of the first optimizer step, clipped or not, are those that the bare backward passes add up."""
    subject = make_subject(update={"optimizer_steps_per_rollout": 1}, optimizer={"max_grad_norm": 1e9})
    loop = BenchedLoop(subject)
    parameters = loop.model.trainable_parameters().values()
    weights = [parameter.detach().clone() for parameter in parameters]
    measured = loop.run()
    for parameter, before in zip(parameters, weights, strict=True):
        parameter.data.copy_(before)
    trained = [one for one in measured.passes if one.gradients]
    for one in trained:
        one.repeat(loop.model.transformer)
    norm = torch.stack([parameter.grad.norm() for parameter in parameters]).norm()
    assert float(norm) == pytest.approx(measured.metrics["optim/grad_norm"], rel=1e-4)
    assert bare_seconds(loop.model.transformer, measured.passes, loop.clock) > 0
    assert all((parameter.grad == 0).all() for parameter in parameters)


def test_passes_by_hand_have_the_lora_where_the_iteration_had_it(make_subject):
    loop = BenchedLoop(make_subject(reference={"num_logged": 5}))
    passes = loop.run().passes
    num_slots = 2
    assert [one.num_rows for one in passes if not one.with_lora] == [5 * num_slots]


def test_ratios_are_over_the_bare_passes(make_subject):
    overhead = measure_overhead(BenchedLoop(make_subject()), num_iterations=1)
    assert set(overhead.phases) == set(PHASES) and all(seconds > 0 for seconds in overhead.phases.values())
    assert overhead.num_images == 32 and overhead.counts == expected_counts(make_subject().config)
    inside = overhead.loop_ratio * overhead.bare
    apart = overhead.phases["decode"] + overhead.phases["reward"]
    assert overhead.whole_ratio * overhead.bare == pytest.approx(inside + apart)
