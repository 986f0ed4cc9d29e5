"""What may be read of share links; for people everything starts from the user, for visitors from the secret."""

from django.db.models import QuerySet
from django.utils import timezone

from reports.scope import Scope
from sharing.models import ShareLink, SharingSwitch
from sharing.subjects import Subject, key_of
from teams import secret_texts
from teams.models import Team, User
from teams.selectors import WRITERS

PAGE_SIZE = 50


def links_of(user: User, team: Team) -> QuerySet[ShareLink]:
    """The team's links, newest first, for those who may share; nothing for others."""
    return _links(user).filter(team=team)


def open_links_to(user: User, subject: Subject) -> QuerySet[ShareLink]:
    return _links(user).filter(revoked_at=None, expires_at__gt=timezone.now(), **key_of(subject))


def find_link(secret: str) -> ShareLink | None:
    """The link with this secret, where it holds: neither expired nor revoked, and the team shares."""
    return (
        ShareLink.objects.filter(digest=secret_texts.digest_of(secret), revoked_at=None)
        .filter(expires_at__gt=timezone.now(), team__sharing_switch=None)
        .select_related("run__experiment", "report", "comparison", "team")
        .first()
    )


def scope_of(link: ShareLink) -> Scope:
    """What the shared thing may show: a run itself alone, the others what their team has."""
    return Scope(link.team_id, link.run_id)


def is_switched_off(team: Team) -> bool:
    return SharingSwitch.objects.filter(team=team).exists()


def _links(user: User) -> QuerySet[ShareLink]:
    rows = ShareLink.objects.filter(team__memberships__user=user, team__memberships__role__in=WRITERS)
    return (
        rows.select_related("run", "report", "comparison", "created_by", "team")
        .defer("run__config", "report__body")
        .order_by("-id")
    )
