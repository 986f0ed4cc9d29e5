"""What people do about share links. Each verb checks the role first."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from runs.services import require_writer
from sharing.models import ShareLink, SharingSwitch
from sharing.selectors import is_switched_off
from sharing.subjects import Subject, key_of, team_of
from teams import audit, secret_texts
from teams.members import require_owner
from teams.models import Team, User

PREFIX = "fdps_"
MOST_DAYS = 365
SWITCHED_OFF = "An owner has switched sharing off for this team: ask them to switch it on."


@dataclass(frozen=True)
class MadeLink:
    """A fresh link with its secret text, which is kept nowhere: this is the one time to show it."""

    link: ShareLink
    text: str = field(repr=False)


@transaction.atomic
def share(user: User, subject: Subject, num_days: int) -> MadeLink:
    """A link to exactly this. Raises PermissionDenied for viewers and strangers, ValidationError where the team does
    not share."""
    team = team_of(subject)
    require_writer(user, team.id)
    if is_switched_off(team):
        raise ValidationError(SWITCHED_OFF)
    if not 1 <= num_days <= MOST_DAYS:
        raise ValidationError(f"num_days = {num_days}: give 1 to {MOST_DAYS}.")
    text = secret_texts.make(PREFIX)
    link = ShareLink.objects.create(
        team=team,
        **key_of(subject),
        digest=secret_texts.digest_of(text),
        created_by=user,
        expires_at=timezone.now() + timedelta(days=num_days),
    )
    audit.record(user, team, "shared", f"{link.kind} “{subject}”", f"link {link.id}, {num_days} days")
    return MadeLink(link, text)


@transaction.atomic
def revoke(user: User, link: ShareLink) -> None:
    """It opens nothing any more. Whoever may share may also take back what others have shared."""
    require_writer(user, link.team_id)
    if ShareLink.objects.filter(id=link.id, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record(user, link.team, "revoked", str(link), f"link {link.id}")


@transaction.atomic
def switch(owner: User, team: Team, is_on: bool) -> None:
    """Off: no link of the team opens anything, and none can be made. On again, those open that still hold."""
    require_owner(owner, team)
    if is_on:
        changed, _ = SharingSwitch.objects.filter(team=team).delete()
    else:
        _, changed = SharingSwitch.objects.get_or_create(team=team, defaults={"by": owner})
    if changed:
        audit.record(owner, team, "switched on" if is_on else "switched off", "sharing by link")


def count_open(link: ShareLink) -> None:
    """Somebody has opened the page. Nobody's deed, so the log of the team does not have it."""
    ShareLink.objects.filter(id=link.id).update(num_opens=F("num_opens") + 1, opened_at=timezone.now())
