"""Who may open the addresses of accounts and teams."""

from django.db.models import QuerySet

from teams.api_tokens import make_token
from teams.invitations import invite
from teams.models import Invitation, Membership, Role, Scope, Team
from tests.platform.access import OWNERS, OWNERS_DO, PUBLIC, SIGNED_IN, TEAM, Access
from tests.platform.lab import Lab

TEAM_ID = {"team_id": "team"}
# The viewer's.
MEMBERSHIP = {**TEAM_ID, "membership_id": "membership"}
INVITATION = {**TEAM_ID, "invitation_id": "invitation"}
# The member's.
TOKEN = {"token_id": "token"}
PROVIDER = {"provider_id": "provider"}

ACCESS = {
    "account_login": [Access((200, 302, 302, 302, 302))],
    "account_logout": [Access((302, 200, 200, 200, 200)), Access((302,) * 5, post={})],
    "account_change_password": [Access(SIGNED_IN)],
    # Closed without an invitation; who is signed in has an account.
    "account_signup": [Access((200, 302, 302, 302, 302)), Access((200, 302, 302, 302, 302), post={})],
    "account_inactive": [Access(PUBLIC)],
    "account_reauthenticate": [Access(SIGNED_IN)],
    # Who has a password changes it rather.
    "account_set_password": [Access((302,) * 5)],
    "account_reset_password": [Access(PUBLIC)],
    "account_reset_password_done": [Access(PUBLIC)],
    "account_reset_password_from_key": [Access(PUBLIC, kwargs={"uidb36": "nobody", "key": "nothing"})],
    "account_reset_password_from_key_done": [Access(PUBLIC)],
    "mfa_index": [Access(SIGNED_IN)],
    "mfa_authenticate": [Access((302,) * 5)],
    "mfa_reauthenticate": [Access((302,) * 5)],
    # They ask for the password again first.
    "mfa_activate_totp": [Access((302,) * 5)],
    "mfa_generate_recovery_codes": [Access((302,) * 5)],
    # There are none yet.
    "mfa_deactivate_totp": [Access((302, 404, 404, 404, 404))],
    "mfa_view_recovery_codes": [Access((302, 404, 404, 404, 404))],
    # No provider is set.
    "openid_connect_login": [Access((404,) * 5, kwargs=PROVIDER)],
    "openid_connect_callback": [Access((404,) * 5, kwargs=PROVIDER)],
    "socialaccount_login_cancelled": [Access(PUBLIC)],
    "socialaccount_signup": [Access((302,) * 5)],
    "socialaccount_connections": [Access(SIGNED_IN)],
    "api_tokens": [
        Access(SIGNED_IN),
        Access(SIGNED_IN, post={"name": "laptop", "scope": "read", "num_days": "7"}),
    ],
    "api_token_revoke": [Access((302, 404, 404, 302, 404), kwargs=TOKEN, post={})],
    "teams": [Access(SIGNED_IN)],
    "team_new": [Access(SIGNED_IN), Access((302,) * 5, post={"name": "New"})],
    "team": [Access(TEAM, kwargs=TEAM_ID)],
    "team_log": [Access(OWNERS, kwargs=TEAM_ID)],
    # The owner is the last one.
    "team_leave": [Access((302, 404, 302, 302, 422), kwargs=TEAM_ID, post={})],
    "member_role": [Access(OWNERS_DO, kwargs=MEMBERSHIP, post={"role": "owner"})],
    "member_remove": [Access(OWNERS_DO, kwargs=MEMBERSHIP, post={})],
    "invitation_new": [
        Access(OWNERS, kwargs=TEAM_ID, post={"role": "viewer", "max_uses": "1", "num_days": "1"}),
    ],
    "invitation_revoke": [Access(OWNERS_DO, kwargs=INVITATION, post={})],
    "join": [Access(PUBLIC), Access((422,) * 5, post={"code": "guessed"})],
    "join_confirm": [Access((302,) * 5, away="/join/"), Access((302,) * 5, post={}, away="/join/")],
}


def make_things(lab: Lab) -> dict:
    return {
        "provider": "oidc",
        "nobody": "1",
        "nothing": "no-such-key",
        "membership": Membership.objects.get(team=lab.team, user=lab.viewer).id,
        "invitation": invite(lab.owner, lab.team, Role.MEMBER, num_days=1, max_uses=1).invitation.id,
        "token": make_token(lab.member, "laptop", Scope.READ, num_days=1).token.id,
        "team": lab.team.id,
    }


def rows_of(team: Team) -> list[QuerySet]:
    return [Team.objects.filter(id=team.id), *(table.objects.filter(team=team) for table in (Membership, Invitation))]
