"""The pages of reports: read, written, checked while one types, and never silently overwritten."""

from datetime import timedelta

import pytest
from django.urls import reverse

from reports import services
from reports.models import Report
from reports.selectors import PAGE_SIZE
from runs.metric_names import REWARD
from runs.models import RunState
from teams.models import AuditEntry
from tests.platform.forms import fields_of
from tests.platform.lab import add_point, add_run
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_full_run, add_report, panel

pytestmark = pytest.mark.django_db


def test_a_report_is_written_and_read(lab, member):
    run = add_full_run(lab)
    body = f"# Why\r\n\r\n{panel('curves', f'runs: {run.id}')}"
    answer = member.post(reverse("report_new"), {"team": lab.team.id, "title": "Findings", "body": body})
    report = Report.objects.get()
    assert answer["Location"] == reverse("report", args=[report.id]) and "\r" not in report.body
    page = member.get(answer["Location"]).text
    assert "<h3>Why</h3>" in page and '<polyline class="plot-line series-1"' in page
    assert f'href="{reverse("run", args=[run.id])}"' in page
    assert AuditEntry.objects.filter(verb="wrote", object="report “Findings”").exists()
    assert reverse("report", args=[report.id]) in member.get(reverse("reports")).text


def test_pictures_lead_to_themselves(lab, member):
    drawing = add_drawing(add_run(lab.experiment), 4)
    report = add_report(lab, panel("pictures", f"refs: d{drawing.id}"))
    page = member.get(reverse("report", args=[report.id])).text
    assert f'src="/media/drawings/{drawing.id}/thumb/"' in page and 'alt="“a circle”, drawn by run at 4' in page


def test_nobody_overwrites_what_another_has_saved(lab, member, as_person):
    report = add_report(lab, "Begun.")
    address = reverse("report_edit", args=[report.id])
    mine = {name: values[0] for name, values in fields_of(member.get(address).text).items() if name != "find"}
    services.save_report(lab.owner, report, 1, "Findings", "The owner's words.")
    answer = member.post(address, mine | {"body": "My words."})
    assert answer.status_code == 409
    assert "My words." in answer.text and "The owner&#x27;s words." in answer.text
    assert "owner@example.org saved version 2 while you wrote" in answer.text
    report.refresh_from_db()
    assert (report.body, report.version) == ("The owner's words.", 2)
    # Who has seen both may save, and loses nothing by it.
    assert '<input type="hidden" name="version" value="2"' in answer.text
    member.post(address, mine | {"body": "Both words.", "version": "2"})
    report.refresh_from_db()
    assert (report.body, report.version, report.updated_by) == ("Both words.", 3, lab.member)


def test_mine_can_be_kept_as_a_copy(lab, member):
    report = add_report(lab, "Theirs.")
    mine = {"title": "Findings", "body": "Mine.", "version": "0", "as": "copy"}
    assert member.post(reverse("report_edit", args=[report.id]), mine).status_code == 422
    member.post(reverse("report_edit", args=[report.id]), mine | {"version": "1"})
    assert set(Report.objects.values_list("title", "body")) == {("Findings", "Theirs."), ("Findings (copy)", "Mine.")}


def test_what_did_not_change_is_no_new_version(lab, member):
    report = add_report(lab, "Begun.")
    same = {"title": report.title, "body": report.body, "version": "1"}
    member.post(reverse("report_edit", args=[report.id]), same)
    report.refresh_from_db()
    assert report.version == 1


def test_a_report_can_be_deleted(lab, member):
    report = add_report(lab)
    assert member.post(reverse("report_delete", args=[report.id]))["Location"] == reverse("reports")
    assert not Report.objects.exists()
    assert AuditEntry.objects.filter(verb="deleted", object="report “Findings”").exists()


def test_the_editor_says_at_once_what_does_not_fit(lab, member):
    check = {"team": lab.team.id, "body": panel("curves", "runs: 12", "color: red")}
    page = member.post(reverse("report_check"), check).text
    assert "Line 2, <code>runs</code>" in page and "copy it from the address" in page
    assert "Line 3, <code>color</code>" in page
    assert "Every panel reads." in member.post(reverse("report_check"), check | {"body": "Words."}).text
    preview = member.post(reverse("report_preview"), check | {"body": "**Words.**\0"}).text
    assert "<strong>Words.</strong>" in preview


def test_a_body_has_an_end(lab, member):
    answer = member.post(reverse("report_new"), {"team": lab.team.id, "title": "T", "body": "x" * 100_001})
    assert answer.status_code == 422 and "at most 100000 characters" in answer.text


def test_the_picker_offers_the_teams_runs(lab, member, as_person):
    add_run(lab.experiment, "wide")
    add_run(lab.experiment, "narrow")
    page = member.get(reverse("report_runs"), {"team": lab.team.id, "find": "wid\0"}).text
    assert "wide" in page and "narrow" not in page
    assert "No such run." in member.get(reverse("report_runs"), {"team": lab.team.id, "find": "deep"}).text


@pytest.mark.parametrize(
    "kind, expected",
    [
        ("curves", "```curves\nruns: {run}\nmetrics: reward/mean, kl/reference_nats\n```"),
        ("frontier", "```frontier\nruns: {run}\n```"),
        ("table", "```table\nruns: {run}\n```"),
        ("grid", "```grid\npolicies: {run}@0, {run}@4\nnum_prompts: 6\n```"),
        ("pictures", "```pictures\nrefs: s{sample}\n```"),
    ],
)
def test_the_picker_writes_a_panel_that_reads(kind, expected, lab, member):
    run = add_full_run(lab)
    sample = run.samples.get(iteration=4)
    asked = {"team": lab.team.id, "kind": kind, "run": [str(run.id), "nonsense"]}
    block = member.get(reverse("report_block"), asked).text
    assert block == expected.format(run=run.id, sample=sample.id)
    checked = member.post(reverse("report_check"), {"team": lab.team.id, "body": block}).text
    assert "Every panel reads." in checked


def test_the_picker_knows_no_other_kind(lab, member):
    answer = member.get(reverse("report_block"), {"team": lab.team.id, "kind": "clock"})
    assert (answer.status_code, answer.text) == (
        400,
        "kind = clock: give one of curves, frontier, grid, table, pictures.",
    )


def test_panels_of_live_runs_ask_for_what_is_new(lab, member):
    live, done = add_full_run(lab), add_full_run(lab, "done", state=RunState.FINISHED)
    report = add_report(lab, "\n\n".join(panel("curves", f"runs: {run.id}") for run in (live, done)))
    page = member.get(reverse("report", args=[report.id])).text
    assert page.count('hx-trigger="every 5s"') == 1
    shown = page.partition("shown=")[2].partition('"')[0]
    panel_at = reverse("report_panel", args=[report.id, 0])
    assert member.get(panel_at, {"shown": shown}).status_code == 204
    add_point(live, REWARD, 5, 0.8)
    fresh = member.get(panel_at, {"shown": shown})
    assert fresh.status_code == 200 and "first ends at 0.8" in fresh.text
    live.state = RunState.FINISHED
    live.save()
    assert "hx-trigger" not in member.get(panel_at, {"shown": shown}).text


def test_a_page_of_an_older_version_is_read_anew(lab, member):
    report = add_report(lab, panel("curves", f"runs: {add_full_run(lab).id}"))
    services.save_report(lab.owner, report, 1, "Findings", "No panel.")
    panel_at = reverse("report_panel", args=[report.id, 0])
    answer = member.get(panel_at, {"version": "1"})
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")
    assert member.get(panel_at).status_code == 404


def test_a_panel_that_does_not_read_says_so_in_its_place(lab, member):
    page = member.get(reverse("report", args=[add_report(lab, panel("table", "runs: 12")).id])).text
    assert "This table panel does not read" in page and "is no run&#x27;s id" in page


def test_the_list_pages_by_what_was_changed_last(lab, member, django_assert_max_num_queries):
    for number in range(PAGE_SIZE + 2):
        report = add_report(lab, title=f"Report {number:03}")
    first = member.get(reverse("reports"))
    assert f"Report {PAGE_SIZE + 1:03}" in first.text and "Report 001" not in first.text
    older = first.context["older"]
    Report.objects.filter(id=report.id).update(updated_at=report.updated_at + timedelta(days=1))
    with django_assert_max_num_queries(8):
        second = member.get(reverse("reports"), {"before": older})
    assert [row.title for row in second.context["reports"]] == ["Report 001", "Report 000"]
    assert member.get(reverse("reports"), {"before": "nonsense_x"}).status_code == 200


def test_a_team_without_reports_is_told_what_they_are(lab, as_person):
    assert "No reports yet" in as_person(lab.viewer).get(reverse("reports")).text
    assert "Write the first one" in as_person(lab.member).get(reverse("reports")).text
