"""Who is in a team and as what: owners decide, anybody may leave, and one owner stays."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from teams import audit
from teams.models import Invitation, Membership, Role, Team, User
from teams.selectors import is_owner

ONLY_OWNERS = "Only owners of the team may do this: ask one of them."
LAST_OWNER = "A team needs an owner: make somebody else an owner first."


def require_owner(user: User, team: Team) -> None:
    """Raises PermissionDenied for everybody else."""
    if not is_owner(user, team.id):
        raise PermissionDenied(ONLY_OWNERS)


@transaction.atomic
def change_role(actor: User, membership: Membership, role: Role) -> None:
    """Raises PermissionDenied, or ValidationError where the team would be left without an owner."""
    _lock(membership.team)
    require_owner(actor, membership.team)
    membership.refresh_from_db()
    if membership.role == role:
        return
    before = membership.role
    _give_up_ownership(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    audit.record(actor, membership.team, "changed the role of", membership.user.email, f"{before} to {role}")


@transaction.atomic
def remove_member(actor: User, membership: Membership) -> None:
    """Raises PermissionDenied, or ValidationError for the last owner."""
    _lock(membership.team)
    require_owner(actor, membership.team)
    membership.refresh_from_db()
    _give_up_ownership(membership)
    membership.delete()
    audit.record(actor, membership.team, "removed", membership.user.email, f"was {membership.role}")


@transaction.atomic
def leave_team(user: User, team: Team) -> None:
    """Raises ValidationError for the last owner."""
    _lock(team)
    membership = Membership.objects.get(team=team, user=user)
    _give_up_ownership(membership)
    membership.delete()
    audit.record(user, team, "left", "the team", f"was {membership.role}")


def _lock(team: Team) -> None:
    """Two owners who go at the same moment go one after the other."""
    Team.objects.select_for_update().get(id=team.id)


def _give_up_ownership(membership: Membership) -> None:
    if membership.role != Role.OWNER:
        return
    if not Membership.objects.filter(team=membership.team, role=Role.OWNER).exclude(id=membership.id).exists():
        raise ValidationError(LAST_OWNER)
    # Who no longer decides who is in the team leaves no open door behind.
    own = Invitation.objects.filter(team=membership.team, created_by=membership.user, revoked_at=None)
    own.update(revoked_at=timezone.now())
