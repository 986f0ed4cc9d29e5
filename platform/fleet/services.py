"""What operators do to the fleet. An operator is an account with `is_staff`: nodes are everybody's, no one team's.

What concerns all teams stands in the log of each team that the operator is in.
"""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from fleet.models import Node, Quota
from fleet.states import NodeState
from teams import audit
from teams.models import Team, User

MOST_IN_A_QUOTA = 10_000


def require_operator(user: User) -> None:
    """Raises PermissionDenied for everybody else."""
    if not user.is_staff:
        raise PermissionDenied("Nodes are everybody's, so only operators change them: ask one of them.")


@transaction.atomic
def drain(user: User, node: Node) -> None:
    """The node takes nothing new; what runs there goes on to its end. Raises PermissionDenied."""
    require_operator(user)
    if Node.objects.filter(id=node.id, draining_at=None).update(draining_at=timezone.now()):
        audit.record_in_all_teams(user, "drained", f"node {node.name}")


@transaction.atomic
def undrain(user: User, node: Node) -> None:
    """The node takes runs again. Raises PermissionDenied."""
    require_operator(user)
    if Node.objects.filter(id=node.id).exclude(draining_at=None).update(draining_at=None):
        audit.record_in_all_teams(user, "opened", f"node {node.name}")


@transaction.atomic
def forget(user: User, node: Node) -> None:
    """Take a node that is gone out of the list; should it come back, it registers anew.

    Raises PermissionDenied, or ValidationError for one that lives.
    """
    require_operator(user)
    if node.state not in (NodeState.LEFT, NodeState.SILENT):
        raise ValidationError(f"{node.name} lives: end its worker first.")
    node.delete()
    audit.record_in_all_teams(user, "forgot", f"node {node.name}")


@transaction.atomic
def set_quota(user: User | None, team: Team, max_gpus: int | None) -> None:
    """How many GPUs the team may hold at a time, None for all; what it holds already goes on.

    `user` is None for the operator at the command line. Raises PermissionDenied, or ValidationError for a number out
    of range.
    """
    if user is not None:
        require_operator(user)
    if max_gpus is None:
        Quota.objects.filter(team=team).delete()
    elif 0 <= max_gpus <= MOST_IN_A_QUOTA:
        Quota.objects.update_or_create(team=team, defaults={"max_gpus": max_gpus})
    else:
        raise ValidationError(f"{max_gpus} GPUs: give a number from 0 to {MOST_IN_A_QUOTA}.")
    words = "no quota" if max_gpus is None else f"{max_gpus} GPUs at a time"
    audit.record(user, team, "set", "the team's quota", words)
