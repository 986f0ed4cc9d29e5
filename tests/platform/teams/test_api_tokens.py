"""API tokens: whom they let in, for how long, and what is kept of them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from teams.api_tokens import authenticate, make_token, revoke_token, tokens_of
from teams.models import ApiToken, Scope


@pytest.mark.parametrize(("scope", "scopes"), [(Scope.READ, {Scope.READ}), (Scope.WRITE, {Scope.READ, Scope.WRITE})])
def test_a_token_stands_for_its_person_and_scope(scope, scopes, lab):
    caller = authenticate(make_token(lab.member, "laptop", scope, num_days=1).text)
    assert (caller.user, caller.scopes) == (lab.member, scopes)


def test_only_a_hash_is_kept(lab):
    made = make_token(lab.member, "laptop", Scope.READ, num_days=1)
    row = ApiToken.objects.values().get()
    assert not any(made.text in str(value) for value in row.values())
    assert made.text.startswith(row["hint"]) and len(row["hint"]) < len(made.text) / 4
    assert made.text not in repr(made)


def test_unknown_revoked_and_expired_tokens_open_nothing(lab):
    revoked = make_token(lab.member, "revoked", Scope.READ, num_days=1)
    expired = make_token(lab.member, "expired", Scope.READ, num_days=1)
    revoke_token(revoked.token)
    ApiToken.objects.filter(id=expired.token.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert [authenticate(text) for text in (revoked.text, expired.text, "fdp_unknown", "")] == [None] * 4
    assert list(tokens_of(lab.member)) == [expired.token]


def test_a_person_who_may_not_sign_in_has_no_token_either(lab):
    made = make_token(lab.member, "laptop", Scope.READ, num_days=1)
    lab.member.is_active = False
    lab.member.save()
    assert authenticate(made.text) is None


def test_revoking_again_keeps_the_first_moment(lab):
    made = make_token(lab.member, "laptop", Scope.READ, num_days=1)
    revoke_token(made.token)
    first = ApiToken.objects.get().revoked_at
    revoke_token(made.token)
    assert first is not None and ApiToken.objects.get().revoked_at == first


def test_use_is_noted_at_most_once_a_minute(lab, django_assert_num_queries):
    made = make_token(lab.member, "laptop", Scope.READ, num_days=1)
    with django_assert_num_queries(2):
        authenticate(made.text)
    assert ApiToken.objects.get().last_used_at is not None
    with django_assert_num_queries(1):
        authenticate(made.text)
    long_ago = timezone.now() - timedelta(minutes=2)
    ApiToken.objects.update(last_used_at=long_ago)
    authenticate(made.text)
    assert ApiToken.objects.get().last_used_at > long_ago
