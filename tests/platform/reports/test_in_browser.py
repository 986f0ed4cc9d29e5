"""A report in a browser: written with the picker, checked while one types, and moving while its run does."""

import re

import pytest
from playwright.sync_api import Page, expect

from reports.models import Report
from runs.metric_names import REWARD
from runs.models import RunState
from tests.platform.lab import add_point, make_lab
from tests.platform.reports.desk import add_full_run, add_report, panel
from tests.platform.teams.test_join_in_browser import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_report_is_written_with_the_picker(page: Page, live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    lab = make_lab()
    add_full_run(lab, "wide")
    add_full_run(lab, "narrow")
    sign_in(page, live_server.url, "member@example.org")
    page.get_by_role("link", name="Reports").click()
    page.get_by_role("link", name="Write the first one").click()
    page.get_by_label("Title").fill("Findings")
    text = page.get_by_label("Text, in Markdown")
    text.fill("# Which is better?")

    page.get_by_label("Runs").fill("wid")
    expect(page.locator("#picked-runs .offered")).to_have_count(1)
    page.get_by_role("button", name="Insert").click()
    expect(page.locator("#picked-problem")).to_have_text("Tick the runs that it is to show.")
    page.get_by_role("checkbox", name="wide").check()
    page.get_by_role("button", name="Insert").click()
    expect(text).to_have_value(
        re.compile(r"# Which is better\?\n\n```curves\nruns: [0-9a-f-]{36}\nmetrics: .*\n```\n")
    )
    expect(page.locator("#report-check")).to_have_text("Every panel reads.")

    text.press("Control+End")
    text.press_sequentially("```curves\nruns: 12\n```")
    expect(page.locator("#report-check")).to_contain_text("Line 8, runs: '12' is no run's id")
    page.get_by_role("button", name="Preview").click()
    expect(page.locator("#report-preview svg")).to_have_count(2)
    expect(page.locator("#report-preview .plot").first).to_be_in_viewport()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Findings")
    expect(page.locator(".plot svg")).to_have_count(2)
    assert Report.objects.get().created_by == lab.member


def test_a_panel_moves_while_its_run_does_and_nothing_jumps(page: Page, live_server, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    lab = make_lab()
    run = add_full_run(lab)
    report = add_report(lab, f"{panel('curves', f'runs: {run.id}')}\n\nBelow.")
    sign_in(page, live_server.url, "viewer@example.org")
    page.goto(f"{live_server.url}/reports/{report.id}/")
    below = page.get_by_text("Below.")
    place = below.bounding_box()
    expect(page.locator(".live-panel[hx-get]")).to_have_count(1)
    add_point(run, REWARD, 5, 0.9)
    run.state = RunState.FINISHED
    run.save()
    expect(page.get_by_role("img", name="Reward: first ends at 0.9")).to_be_visible(timeout=20_000)
    assert below.bounding_box() == place
    expect(page.locator(".live-panel[hx-get]")).to_have_count(0)
    expect(page.get_by_role("link", name="Edit")).to_have_count(0)
