"""What a node says of itself: that it is there, that it lives, and that it goes. Only its worker calls this."""

from django.db import transaction
from django.db.models.functions import Now

from fleet.models import Hold, Node
from fleet.readings import Reading


@transaction.atomic
def register(name: str, host: str, version: str, slots: list[int], job_slots: int, reading: Reading) -> Node:
    """The node's worker has started. What an earlier life of it held beside runs is free again.

    Whether it drains is the operator's word, and outlives its worker.
    """
    now = {"started_at": Now(), "heartbeat_at": Now(), "left_at": None}
    about = {"host": host, "version": version, "slots": slots, "job_slots": job_slots}
    node, _ = Node.objects.update_or_create(name=name, defaults={**about, **now, **reading.columns()})
    Hold.objects.filter(node=node).delete()
    return Node.objects.get(id=node.id)


def beat(node: Node, reading: Reading) -> bool:
    """It lives. Returns False where the node is no longer known: somebody has forgotten it."""
    return bool(Node.objects.filter(id=node.id).update(heartbeat_at=Now(), left_at=None, **reading.columns()))


def leave(node: Node) -> None:
    """Its worker goes in order."""
    Node.objects.filter(id=node.id).update(left_at=Now())
