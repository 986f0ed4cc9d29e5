"""Nodes and what runs on them, as rows."""

from datetime import timedelta

from django.db.models.functions import Now

from fleet import registry
from fleet.models import Node
from fleet.readings import Gpu, Reading
from runs.models import Attempt, Run, RunState
from tests.platform.lab import add_run


def gpu(index: int) -> Gpu:
    return Gpu(index, f"GPU-{index}", "NVIDIA H100 80GB HBM3", 81559, 40000, 97)


def reading(num_gpus: int = 0) -> Reading:
    return Reading([gpu(index) for index in range(num_gpus)], 128000, 64000, 50)


def add_node(name: str, slots: int = 2, with_gpus: bool = False) -> Node:
    return registry.register(name, name, "0.1.0", list(range(slots)), 1, reading(slots if with_gpus else 0))


def silence(node: Node, seconds: float) -> Node:
    """The node was heard from so long ago."""
    Node.objects.filter(id=node.id).update(heartbeat_at=Now() - timedelta(seconds=seconds))
    return Node.objects.get(id=node.id)


def add_running(experiment, node: Node, gpus: list[int], **fields) -> Run:
    run = add_run(experiment, **{"state": RunState.RUNNING, "num_gpus": len(gpus), **fields})
    Attempt.objects.filter(run=run).update(node=node, gpus=gpus)
    return run


def add_queued(experiment, **fields) -> Run:
    """Without the attempt that `add_run` makes."""
    run = add_run(experiment, **{"state": RunState.QUEUED, **fields})
    run.attempts.all().delete()
    return run
