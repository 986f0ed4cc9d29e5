"""What a run may ask of the fleet, said before it is submitted."""

from collections.abc import Mapping

from fleet.models import Node, Quota
from fleet.waiting import counted
from teams.models import Team

MOST_GPUS = 64
"""Of one node, known or not."""


def largest_node() -> int:
    """The most GPUs of any known node, or slots where no node has GPUs; 0 where none is known."""
    nodes = list(Node.objects.all())
    with_gpus = [node for node in nodes if node.has_gpus]
    return max((len(node.slots) for node in with_gpus or nodes), default=0)


def refusals(team: Team, num_gpus: int, config: Mapping) -> list[str]:
    """Why such a run could never start, however long it waited: submission is refused with these words.

    `config` is a whole configuration as plain data.
    """
    quota = Quota.objects.filter(team=team).values_list("max_gpus", flat=True).first()
    groups = config.get("rollout", {}).get("groups_per_iteration")
    found = []
    if not 1 <= num_gpus <= MOST_GPUS:
        found.append(f"{num_gpus} GPUs: ask for 1 to {MOST_GPUS}.")
    elif groups and groups % num_gpus:
        found.append(
            f"{num_gpus} GPUs share out whole groups, and rollout.groups_per_iteration = {groups} cannot be divided "
            f"by {num_gpus}: change one of them."
        )
    if quota is not None and num_gpus > quota:
        found.append(f"{team} may use {counted(quota, 'GPU')} at a time: ask for fewer, or an operator for more.")
    return found


def cautions(num_gpus: int) -> list[str]:
    """What would keep such a run waiting as things are now. A node may still join, so it is no reason to refuse."""
    most = largest_node()
    if most and num_gpus > most:
        return [f"No node has {num_gpus} GPUs: the largest has {most}. The run would wait until such a node joins."]
    return []
