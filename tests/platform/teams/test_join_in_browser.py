"""An invitation from the owner's page to the new member's, in a browser: the link's secret is sent by a script."""

import pytest
from playwright.sync_api import Page, expect

from teams.models import Membership, Role
from tests.platform.lab import PASSWORD, make_lab

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def address(live_server) -> str:
    return live_server.url


def sign_in(page: Page, address: str, email: str) -> None:
    page.goto(f"{address}/accounts/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{address}/")


def test_a_link_leads_a_newcomer_into_the_team(page: Page, address: str):
    lab = make_lab()
    sign_in(page, address, "owner@example.org")
    page.get_by_role("link", name="Teams").click()
    page.get_by_role("link", name="Lab").click()
    page.get_by_role("button", name="Make a link").click()
    link = page.get_by_label("Invitation link").input_value()
    page.context.clear_cookies()

    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(link)
    page.get_by_role("link", name="Make an account").click()
    page.get_by_label("E-mail address").fill("newcomer@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make the account").click()
    page.get_by_role("button", name="Join as newcomer@example.org").click()
    expect(page.get_by_role("status").first).to_contain_text("You are member in Lab")
    assert Membership.objects.get(user__email="newcomer@example.org", team=lab.team).role == Role.MEMBER
    secret = link.partition("#")[2]
    assert secret and not any(secret in url.partition("#")[0] for url in asked)
