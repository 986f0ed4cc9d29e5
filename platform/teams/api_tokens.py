"""API tokens: made and revoked by the person whose name they act in, and looked up at each request."""

from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from teams import audit, secret_texts
from teams.models import ApiToken, Scope, User

PREFIX = "fdp_"
HINT_LENGTH = 8
LAST_USED_EVERY = timedelta(minutes=1)
"""How exact `last_used_at` is: a program that asks often should not write at each request."""


@dataclass(frozen=True)
class MadeToken:
    """A fresh token with its text, which is kept nowhere: this is the one time to show it."""

    token: ApiToken
    text: str = field(repr=False)


@dataclass(frozen=True)
class Caller:
    """Who asks by token, and what the token lets them do."""

    user: User
    scopes: frozenset[Scope]


@transaction.atomic
def make_token(user: User, name: str, scope: Scope, num_days: int) -> MadeToken:
    text = secret_texts.make(PREFIX)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scope=scope,
        digest=secret_texts.digest_of(text),
        hint=text[:HINT_LENGTH],
        expires_at=timezone.now() + timedelta(days=num_days),
    )
    audit.record_in_all_teams(user, "made", f"API token “{name}”", f"{token.scope}, for {num_days} days")
    return MadeToken(token, text)


@transaction.atomic
def revoke_token(token: ApiToken) -> None:
    """The token opens nothing from now on. A second time changes nothing."""
    if ApiToken.objects.filter(id=token.id, revoked_at=None).update(revoked_at=timezone.now()):
        audit.record_in_all_teams(token.user, "revoked", f"API token “{token.name}”")


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """A person's own tokens that are not revoked, the expired ones too; newest first."""
    return ApiToken.objects.filter(user=user, revoked_at=None)


def authenticate(text: str) -> Caller | None:
    """Who acts by this token; None where it is unknown, expired or revoked, or the person may not sign in."""
    now = timezone.now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(digest=secret_texts.digest_of(text), revoked_at=None, expires_at__gt=now, user__is_active=True)
        .first()
    )
    if token is None:
        return None
    if token.last_used_at is None or token.last_used_at < now - LAST_USED_EVERY:
        # Of requests at the same moment one writes.
        stale = Q(last_used_at=None) | Q(last_used_at__lt=now - LAST_USED_EVERY)
        ApiToken.objects.filter(stale, id=token.id).update(last_used_at=now)
    return Caller(token.user, token.scopes)
