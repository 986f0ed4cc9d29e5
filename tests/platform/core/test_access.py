"""Who may open what: every address of the site, for every kind of person."""

import itertools
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from runs.models import Run
from teams.models import Team
from tests.platform.access import PEOPLE
from tests.platform.alerts import addresses as alerts_addresses
from tests.platform.catalog import addresses as catalog_addresses
from tests.platform.comments import addresses as comments_addresses
from tests.platform.comparing import addresses as comparing_addresses
from tests.platform.core import addresses as core_addresses
from tests.platform.evaluating import addresses as evaluating_addresses
from tests.platform.exporting import addresses as exporting_addresses
from tests.platform.fleet import addresses as fleet_addresses
from tests.platform.jobs import addresses as jobs_addresses
from tests.platform.lab import Lab
from tests.platform.pictures import addresses as pictures_addresses
from tests.platform.playground import addresses as playground_addresses
from tests.platform.reports import addresses as reports_addresses
from tests.platform.runs import addresses as runs_addresses
from tests.platform.sharing import addresses as sharing_addresses
from tests.platform.sweeps import addresses as sweeps_addresses
from tests.platform.teams import addresses as teams_addresses
from tests.platform.votes import addresses as votes_addresses

# Each app's own; an app with pages adds its `addresses.py` here.
TABLES = (
    core_addresses,
    teams_addresses,
    runs_addresses,
    alerts_addresses,
    catalog_addresses,
    sweeps_addresses,
    reports_addresses,
    sharing_addresses,
    jobs_addresses,
    evaluating_addresses,
    pictures_addresses,
    playground_addresses,
    comments_addresses,
    exporting_addresses,
    votes_addresses,
    comparing_addresses,
    fleet_addresses,
)
ACCESS = {name: cases for table in TABLES for name, cases in table.ACCESS.items()}
CASES = [(name, access) for name, cases in ACCESS.items() for access in cases]


# What even those may change who may change nothing else in a team.
FOR_EVERYBODY = {"team_leave", "comment_new"}


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
    return {
        rows.model.__name__: list(rows.order_by("pk").values()) for table in TABLES for rows in table.rows_of(team)
    }


def without_tokens(page: str) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "TOKEN", page)


def describe(case) -> str:
    name, access = case
    return f"{'POST' if access.post is not None else 'GET'} {name}{access.query}"


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def things(lab) -> dict:
    """What the addresses of the matrix lead to, all of the lab's team."""
    return {name: thing for table in TABLES for name, thing in table.make_things(lab).items()}


def test_every_address_of_the_site_is_in_the_matrix():
    assert sorted(all_names()) == sorted(ACCESS)


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume:Warning")
@pytest.mark.parametrize("name", ACCESS)
def test_each_person_gets_what_the_matrix_says(name, lab: Lab, things, as_person):
    """Each asks what the others have not touched: what the one before did is undone."""
    wrong = []
    for access, (number, person) in itertools.product(ACCESS[name], enumerate(PEOPLE)):
        with undone():
            response = ask(as_person(getattr(lab, person, None)), (name, access), things)
        asked, away = f"{person}: {describe((name, access))}", response.headers.get("Location", access.away)
        if response.status_code != access.expected[number]:
            wrong.append(f"{asked} gets {response.status_code}, not {access.expected[number]}")
        elif person == "anonymous" and not away.startswith(access.away):
            wrong.append(f"{asked} is led to {away}, not {access.away}")
    assert wrong == []


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
