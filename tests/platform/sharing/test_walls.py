"""A walk along every address of the site with a share's secret: it opens its own addresses and nothing else."""

from contextlib import suppress
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import Resolver404, resolve, reverse

from tests.platform.core.test_access import CASES, TABLES, ask, rows_of

pytestmark = pytest.mark.django_db

OWN = (
    "share", "share_html", "share_pdf", "share_status", "share_panel",
    "share_picture", "share_thumbnail", "share_frames", "share_sheet",
)  # fmt: skip


@pytest.fixture
def things(lab) -> dict:
    return {name: thing for table in TABLES for name, thing in table.make_things(lab).items()}


def with_it_everywhere(secret: str) -> Client:
    """The secret wherever it could be mistaken for a permission."""
    client = Client(headers={"Authorization": f"Bearer {secret}", "Referer": f"http://testserver/s/{secret}/"})
    client.cookies["sessionid"] = client.cookies["csrftoken"] = secret
    return client


def test_with_a_secret_the_rest_of_the_site_is_as_shut_as_without(lab, things):
    before, secret, walked, wrong = rows_of(lab.team), things["secret"], 0, []
    for name, access in CASES:
        if name in OWN:
            continue
        more = f"{'&' if access.query else '?'}secret={secret}&token={secret}&s={secret}"
        answer = ask(with_it_everywhere(secret), (name, replace(access, query=access.query + more)), things)
        walked += 1
        # What people without an account get there.
        if answer.status_code != access.expected[0]:
            wrong.append(f"{name} gives {answer.status_code}, not {access.expected[0]}")
    assert wrong == [] and walked > 150
    assert rows_of(lab.team) == before


def test_below_the_secret_there_is_nothing_but_the_share(things):
    found = set()
    for name, access in CASES:
        address = reverse(name, kwargs={key: things[thing] for key, thing in access.kwargs.items()})
        with suppress(Resolver404):
            found.add(resolve(f"/s/{things['secret']}{address}").url_name)
    # At "/" is the share's own page.
    assert found <= {*OWN} and len(CASES) > 150
    for path in ("/panel/", "/api/v1/runs", "/api/v1/reports"):
        assert with_it_everywhere(things["secret"]).get(path).status_code in (302, 401, 403, 404)
