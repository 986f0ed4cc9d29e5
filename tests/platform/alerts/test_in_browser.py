"""The pages of alerts in a browser: nothing that the content policy forbids, and they fit a phone."""

import pytest
from playwright.sync_api import Page

from alerts import own_channels, watch
from alerts.models import Alert, Channel
from tests.platform.alerts.addresses import make_channel
from tests.platform.alerts.watched_run import WatchedRun
from tests.platform.browsing import PHONE, is_within_its_width, signed_in


@pytest.mark.django_db(transaction=True)
def test_every_page_fits_a_phone_and_breaks_no_rule(lab, live_server, page: Page, mail_server):
    run = WatchedRun(lab.experiment, "a-name-that-is-as-long-as-names-can-be-" * 3)
    run.hack()
    watch.look()
    channel = make_channel(lab.team)
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.set_viewport_size(PHONE)
    paths = ["/alerts/", f"/alerts/{Alert.objects.get().id}/", f"/experiments/{lab.experiment.id}/alert-rules/"]
    paths += [f"/teams/{lab.team.id}/channels/", f"/teams/{lab.team.id}/channels/{channel.id}/"]
    own_channels.choose_mail(lab.owner)
    own_channels.send_test(lab.owner, Channel.objects.get(user=lab.owner))
    paths += ["/inbox/messages/"]
    with signed_in(page, live_server.url, lab.owner):
        for path in paths:
            page.goto(f"{live_server.url}{path}")
            assert is_within_its_width(page), path
        page.goto(f"{live_server.url}{paths[1]}")
        picture = page.get_by_role("img", name="Reward:").first
        assert picture.bounding_box()["width"] > 200
        page.get_by_role("button", name="Seen to").click()
        assert "Seen to by owner@example.org" in page.locator("main").inner_text()
    assert said == []
