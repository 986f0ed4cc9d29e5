"""From a checkpoint's page to the Hub, in a browser: typed once, watched, and told how it went."""

import pytest
from playwright.sync_api import Page, expect

from exporting import lifecycle
from exporting.sending import Sender
from tests.platform.browsing import PHONE, is_within_its_width, signed_in
from tests.platform.exporting.hub import Hub
from tests.platform.lab import add_checkpoint, add_run


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_is_pushed_and_the_page_tells_how_it_goes(lab, live_server, page: Page, tmp_path, settings):
    settings.DATA_DIR = tmp_path
    checkpoint = add_checkpoint(add_run(lab.experiment, "mine"), 40, {"pytorch_lora_weights.safetensors": b"weights"})
    with Hub(tmp_path / "hub") as hub, signed_in(page, live_server.url, lab.member):
        settings.HUB_ENDPOINT = hub.url
        page.goto(f"{page.base}/checkpoints/{checkpoint.id}/export/")
        section = page.get_by_role("region", name="Hugging Face Hub")
        expect(section).to_contain_text("Choose a licence and look at the card first.")
        page.get_by_label("Licence").first.select_option("mit")
        page.get_by_role("button", name="Show the card").click()

        push(page, "lab/mine", "hf_unknown")
        row = section.get_by_role("row", name="lab/mine")
        expect(row).to_contain_text("waiting")
        Sender(lifecycle.claim()).send()
        expect(row).to_contain_text("The Hub does not know this token")

        push(page, "lab/mine", "hf_good")
        row = section.get_by_role("row", name="lab/mine").first
        expect(row).to_contain_text("waiting")
        Sender(lifecycle.claim()).send()
        link = row.get_by_role("link", name="lab/mine")
        expect(link).to_have_attribute("href", f"{hub.url}/lab/mine/commit/{hub.repository('lab/mine').head}")
        expect(page.locator("#pushes[hx-get]")).to_have_count(0)
        assert "hf_good" not in page.content()

        page.set_viewport_size(PHONE)
        assert is_within_its_width(page)
        said, when = (row.get_by_role("cell").nth(place).bounding_box() for place in (3, 4))
        assert said["y"] + said["height"] <= when["y"] or said["x"] + said["width"] <= when["x"]


def push(page: Page, repository: str, token: str) -> None:
    page.get_by_label("Repository").fill(repository)
    page.get_by_label("Token that may write").fill(token)
    page.get_by_role("button", name="Push under mit").click()
