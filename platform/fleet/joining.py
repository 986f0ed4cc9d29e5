"""How a machine joins: an operator makes a token, and the machine gives it for what a worker needs to know, once."""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core.node_settings import ADDRESSES
from fleet.models import JoinToken
from fleet.services import require_operator
from flowdppo_engine import __version__
from teams import audit, secret_texts
from teams.models import User

PREFIX = "fdpn_"
LASTS = timedelta(hours=24)
MARKS = "nodes"
"""The folder of the file storage with a mark for each machine that has joined."""
LONGEST_HOST = 100


class NotAdmitted(Exception):
    """The machine may not join, or cannot yet; the message says why and what to do."""


@dataclass(frozen=True)
class MadeToken:
    """A fresh token with its text, which is kept nowhere: this is the one time to show it."""

    token: JoinToken
    text: str = field(repr=False)


@dataclass(frozen=True)
class Welcome:
    """What the machine gets: the variables of its worker, and a file with which it proves to itself, at each start,
    that it sees the site's files.
    """

    environment: dict[str, str] = field(repr=False)
    mark: str
    mark_text: str = field(repr=False)
    version: str = __version__


def missing_addresses() -> list[str]:
    """The settings without which no machine can join."""
    return [f"NODE_{name}" for name in ADDRESSES if name not in settings.NODE_ENVIRONMENT]


@transaction.atomic
def make_token(user: User) -> MadeToken:
    """Raises PermissionDenied for those who are no operators."""
    require_operator(user)
    text = secret_texts.make(PREFIX)
    token = JoinToken.objects.create(
        digest=secret_texts.digest_of(text), created_by=user, expires_at=timezone.now() + LASTS
    )
    audit.record_in_all_teams(user, "made", f"join token {token.id}", "for one node, within a day")
    return MadeToken(token, text)


@transaction.atomic
def revoke_token(user: User, token: JoinToken) -> None:
    """Nobody joins by this token any more. Raises PermissionDenied."""
    require_operator(user)
    if open_tokens().filter(id=token.id).update(revoked_at=timezone.now()):
        audit.record_in_all_teams(user, "revoked", f"join token {token.id}")


def open_tokens() -> QuerySet[JoinToken]:
    alive = JoinToken.objects.filter(used_at=None, revoked_at=None, expires_at__gt=timezone.now())
    return alive.select_related("created_by")


@transaction.atomic
def admit(text: str, host: str) -> Welcome:
    """Take a token for what a node must know. Raises NotAdmitted; a token that led to no welcome stays good."""
    token = open_tokens().select_for_update(of=("self",)).filter(digest=secret_texts.digest_of(text)).first()
    if token is None or not token.created_by.is_staff:
        raise NotAdmitted(
            "This token is unknown, used up, revoked or expired: ask an operator for a new one, on the page Nodes."
        )
    if missing := missing_addresses():
        raise NotAdmitted(
            "The site does not know its addresses for other machines: its operator is to set "
            f"{' and '.join(missing)}. The token stays good."
        )
    host = "".join(filter(str.isprintable, host))[:LONGEST_HOST]
    mark, mark_text = f"{MARKS}/{token.id}.mark", secrets.token_urlsafe(24)
    default_storage.delete(mark)
    default_storage.save(mark, ContentFile(mark_text.encode()))
    JoinToken.objects.filter(id=token.id).update(used_at=timezone.now(), used_by=host)
    audit.record_in_all_teams(token.created_by, "admitted", f"a node at {host}", f"token {token.id}")
    return Welcome(settings.NODE_ENVIRONMENT, mark, mark_text)
