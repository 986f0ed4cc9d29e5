"""Who may open what: every address of the site, for every kind of person."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image

from runs.models import Experiment, Run
from teams.api_tokens import make_token
from teams.invitations import invite
from teams.models import Invitation, Membership, Role, Scope, Team
from tests.platform.lab import Lab, add_checkpoint, add_lines, add_run, add_sample

PEOPLE = ("anonymous", "stranger", "viewer", "member", "owner")

PUBLIC = (200, 200, 200, 200, 200)
SIGNED_IN = (302, 200, 200, 200, 200)
TEAM = (302, 404, 200, 200, 200)
WRITERS = (302, 404, 403, 200, 200)
OWNERS = (302, 404, 403, 403, 200)
# Done by a form, which then leads elsewhere.
OWNERS_DO = (302, 404, 403, 403, 302)
# Asked for by scripts, which a redirect to the sign-in page would not help.
FETCHED_BY_ANYONE = (401, 200, 200, 200, 200)
FETCHED_BY_TEAM = (401, 404, 200, 200, 200)


@dataclass(frozen=True)
class Access:
    """What each of PEOPLE gets for an address. `query` and `post` may name the run as {run}.

    `away` is where anonymous people are led to, where they are.
    """

    expected: tuple[int, ...]
    query: str = ""
    post: dict | None = None
    kwargs: dict = field(default_factory=dict)
    away: str = "/accounts/login/"


EXPERIMENT = {"experiment_id": "experiment"}
RUN = {"run_id": "run"}
CHECKPOINT = {"checkpoint_id": "checkpoint"}
SAMPLE = {"sample_id": "sample"}
TEAM_ID = {"team_id": "team"}
# The viewer's.
MEMBERSHIP = {**TEAM_ID, "membership_id": "membership"}
INVITATION = {**TEAM_ID, "invitation_id": "invitation"}
# The member's.
TOKEN = {"token_id": "token"}

PROVIDER = {"provider_id": "provider"}

ACCESS = {
    "healthz": [Access(PUBLIC)],
    "readyz": [Access(PUBLIC)],
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
    "experiments": [Access(SIGNED_IN)],
    # The stranger owns a team of their own, so may make an experiment, there.
    "experiment_new": [
        Access((302, 200, 403, 200, 200)),
        Access((302, 422, 403, 302, 302), post={"name": "New", "team": "{team}"}),
    ],
    "experiment": [Access(TEAM, kwargs=EXPERIMENT)],
    "experiment_runs": [Access(TEAM, kwargs=EXPERIMENT)],
    "experiment_compare": [Access((302, 404, 302, 302, 302), kwargs=EXPERIMENT)],
    "run_new": [
        Access(WRITERS, kwargs=EXPERIMENT),
        Access(WRITERS, kwargs=EXPERIMENT, query="?like={run}"),
        Access((302, 404, 403, 422, 422), kwargs=EXPERIMENT, post={"recipe": "sandbox-smoke"}),
    ],
    "run_plan": [
        Access((302, 405, 405, 405, 405), kwargs=EXPERIMENT),
        Access((302, 404, 403, 200, 200), kwargs=EXPERIMENT, post={}),
    ],
    "run": [Access(TEAM, kwargs=RUN)],
    "run_cancel": [
        Access((302, 405, 405, 405, 405), kwargs=RUN),
        Access((302, 404, 403, 302, 302), kwargs=RUN, post={}),
    ],
    "run_status": [Access(TEAM, kwargs=RUN)],
    "run_results": [Access(TEAM, kwargs=RUN)],
    "run_log": [Access(TEAM, kwargs=RUN)],
    "run_log_text": [Access(TEAM, kwargs=RUN)],
    "run_config": [Access(TEAM, kwargs=RUN)],
    "checkpoint_zip": [Access(TEAM, kwargs=CHECKPOINT)],
    "checkpoint_lora": [Access(TEAM, kwargs=CHECKPOINT)],
    "run_series": [Access(FETCHED_BY_ANYONE, query="?runs={run}&keys=reward/mean")],
    "run_metric_keys": [Access(FETCHED_BY_ANYONE, query="?runs={run}")],
    "run_samples": [Access(FETCHED_BY_ANYONE, query="?run={run}&iteration=1")],
    "sample_picture": [Access(FETCHED_BY_TEAM, kwargs=SAMPLE)],
    "sample_thumbnail": [Access(FETCHED_BY_TEAM, kwargs=SAMPLE)],
}
CASES = [(name, access) for name, cases in ACCESS.items() for access in cases]


# What even those may change who may change nothing else in a team.
FOR_EVERYBODY = {"team_leave"}


def all_names(patterns=None, space: str = "") -> Iterator[str]:
    """The name of every address, with its namespace; of one without a name its pattern, which no entry matches."""
    for pattern in patterns or get_resolver().url_patterns:
        if isinstance(pattern, URLResolver) and pattern.app_name == "ninja":
            continue  # The API's operations are walked by their schema: tests/platform/api/test_api_access.py.
        elif isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from all_names(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            yield f"{space}{pattern.name}" if pattern.name else str(pattern.pattern)


def ask(client: Client, case, things: dict):
    name, access = case
    address = reverse(name, kwargs={key: things[thing] for key, thing in access.kwargs.items()})
    if access.post is None:
        return client.get(address + access.query.format(**things))
    return client.post(address, {key: text.format(**things) for key, text in access.post.items()})


def rows_of(team: Team) -> dict[str, list]:
    """What the team has, but for the log of who did what."""
    tables = {
        "team": Team.objects.filter(id=team.id),
        "members": Membership.objects.filter(team=team),
        "invitations": Invitation.objects.filter(team=team),
        "experiments": Experiment.objects.filter(team=team),
        "runs": Run.objects.filter(experiment__team=team),
    }
    return {name: list(rows.order_by("pk").values()) for name, rows in tables.items()}


def without_tokens(page: str) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "TOKEN", page)


def describe(case) -> str:
    name, access = case
    return f"{'POST' if access.post is not None else 'GET'} {name}{access.query}"


@pytest.fixture
def things(lab, settings) -> dict:
    """What the addresses of the matrix lead to, all of the lab's team."""
    run = add_run(lab.experiment)
    add_lines(run, "It starts.")
    sample = add_sample(run, 1)
    picture = Path(settings.MEDIA_ROOT) / run.folder / sample.path
    picture.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(picture)
    checkpoint = add_checkpoint(run, 1, {"pytorch_lora_weights.safetensors": b"weights"})
    return {
        "provider": "oidc",
        "nobody": "1",
        "nothing": "no-such-key",
        "membership": Membership.objects.get(team=lab.team, user=lab.viewer).id,
        "invitation": invite(lab.owner, lab.team, Role.MEMBER, num_days=1, max_uses=1).invitation.id,
        "token": make_token(lab.member, "laptop", Scope.READ, num_days=1).token.id,
        "team": lab.team.id,
        "experiment": lab.experiment.id,
        "run": run.id,
        "checkpoint": checkpoint.id,
        "sample": sample.id,
    }


def test_every_address_of_the_site_is_in_the_matrix():
    assert sorted(all_names()) == sorted(ACCESS)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
@pytest.mark.parametrize("case", CASES, ids=map(describe, CASES))
@pytest.mark.parametrize("number", range(len(PEOPLE)), ids=PEOPLE)
def test_each_person_gets_what_the_matrix_says(case, number, lab: Lab, things, as_person):
    access = case[1]
    response = ask(as_person(getattr(lab, PEOPLE[number], None)), case, things)
    assert response.status_code == access.expected[number]
    if PEOPLE[number] == "anonymous" and response.status_code == 302:
        assert response["Location"].startswith(access.away)


@pytest.mark.parametrize("person", ["anonymous", "stranger", "viewer"])
def test_nothing_that_they_send_changes_the_team(person, lab: Lab, things, as_person):
    client = as_person(getattr(lab, person, None))
    before = rows_of(lab.team)
    sent = [case for case in CASES if case[1].post is not None and case[0] not in FOR_EVERYBODY]
    for case in sent:
        ask(client, case, things)
        if person != "anonymous":
            # Signing out is among what was sent.
            client.force_login(getattr(lab, person))
    assert rows_of(lab.team) == before and len(sent) > 10


def test_scripts_get_nothing_of_another_team(lab, things, as_person):
    run = Run.objects.get(id=things["run"])
    stranger = as_person(lab.stranger)
    series = stranger.get(reverse("run_series"), {"runs": str(run.id), "keys": "reward/mean"}).json()
    samples = stranger.get(reverse("run_samples"), {"run": str(run.id), "iteration": "1"}).json()
    assert (series["runs"], samples["samples"]) == ([], [])


@pytest.mark.parametrize("name", ["run", "run_status", "run_log", "run_config"])
def test_a_run_that_does_not_exist_looks_like_one_of_another_team(name, lab, as_person, things):
    stranger = as_person(lab.stranger)
    missing = stranger.get(reverse(name, args=[uuid.uuid4()]))
    theirs = stranger.get(reverse(name, args=[things["run"]]))
    assert missing.status_code == theirs.status_code == 404
    assert without_tokens(missing.text) == without_tokens(theirs.text)


def test_a_form_from_another_site_is_refused(lab, things):
    client = Client(enforce_csrf_checks=True)
    client.force_login(lab.member)
    response = client.post(reverse("run_cancel", args=[things["run"]]))
    assert response.status_code == 403
    assert "out of date" in response.text
