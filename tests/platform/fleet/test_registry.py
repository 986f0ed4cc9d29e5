"""What nodes say of themselves, and what that makes of them."""

import pytest

from fleet import registry, services
from fleet.models import Node
from fleet.states import NodeState
from tests.platform.fleet.machines import add_node, reading, silence


def test_a_worker_that_starts_anew_is_the_same_node(operator):
    first = add_node("gpu-1", slots=2, with_gpus=True)
    services.drain(operator, first)
    registry.leave(first)
    again = add_node("gpu-1", slots=1)
    assert (again.id, again.slots, again.has_gpus, again.left_at) == (first.id, [0], False, None)
    # That it drains was an operator's word.
    assert again.state == NodeState.DRAINING


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, NodeState.OPEN), (55, NodeState.OPEN), (65, NodeState.SILENT), (1e6, NodeState.SILENT)]
)
def test_silence(db, seconds, state):
    here = silence(add_node("cpu-1"), seconds)
    assert here.state == state and seconds <= here.silence < seconds + 5


def test_a_heartbeat_brings_figures_and_ends_silence(db):
    here = silence(add_node("gpu-1", with_gpus=True), 600)
    assert registry.beat(here, reading(1))
    here = Node.objects.get()
    assert (here.state, len(here.gpus), here.gpus[0]["memory_used_mib"]) == (NodeState.OPEN, 1, 40000)


def test_a_node_that_was_forgotten_is_told_so(db):
    here = add_node("cpu-1")
    registry.leave(here)
    assert Node.objects.get().state == NodeState.LEFT
    Node.objects.all().delete()
    assert not registry.beat(here, reading())
