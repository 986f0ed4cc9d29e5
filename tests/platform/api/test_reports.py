"""Reports over the API: written without overwriting anybody, and taken home."""

import pytest
from django.test import Client

from reports import services
from reports.models import Report
from teams.models import AuditEntry, Scope
from tests.platform.api.conftest import API
from tests.platform.lab import Lab
from tests.platform.reports.desk import add_full_run, add_report, panel

pytestmark = pytest.mark.django_db


def change(client: Client, report: Report, **body):
    return client.patch(f"{API}/reports/{report.id}", body, content_type="application/json")


def test_one_is_written_read_changed_and_deleted(lab: Lab, program, post):
    run = add_full_run(lab)
    text = panel("curves", f"runs: {run.id}")
    made = post("/reports", {"title": " Findings ", "body": text.replace("\n", "\r\n")})
    said = made.json()
    report = Report.objects.get()
    assert (made.status_code, report.title, report.body, report.created_by) == (201, "Findings", text, lab.member)
    assert (said["body"], said["problems"], said["version"], said["team"]) == (text, [], 1, "lab")
    assert said["page"] == f"/reports/{report.id}/" and said["updated_by"] == lab.member.email
    assert program.get(f"{API}/reports/{report.id}").json() == said

    changed = change(program, report, version=1, title="What we found").json()
    assert (changed["title"], changed["body"], changed["version"]) == ("What we found", text, 2)
    listed = program.get(f"{API}/reports").json()
    assert listed == {"items": [{k: v for k, v in changed.items() if k not in ("body", "problems")}], "next": None}
    assert program.delete(f"{API}/reports/{report.id}").status_code == 204 and not Report.objects.exists()
    assert set(AuditEntry.objects.values_list("verb", flat=True)) >= {"wrote", "changed", "deleted"}


def test_nobody_overwrites_what_another_has_saved(lab, program):
    report = add_report(lab, "Begun.")
    services.save_report(lab.owner, report, 1, "Findings", "The owner's words.")
    refused = change(program, report, version=1, body="Mine.")
    (problem,) = refused.json()["problems"]
    assert (refused.status_code, problem["field"], problem["value"]) == (409, "version", 2)
    assert f"{lab.owner.email} saved version 2 since" in problem["message"]
    report.refresh_from_db()
    assert report.body == "The owner's words."
    assert change(program, report, version=2, body="Both.").json()["version"] == 3


def test_panels_that_do_not_read_are_told_by_line_and_key(lab, post):
    said = post("/reports", {"title": "Findings", "body": panel("curves", "runs: 12", "colour: red")}).json()
    assert [(one["line"], one["key"]) for one in said["problems"]] == [(2, "runs"), (3, "colour")]
    assert "copy it from the address" in said["problems"][0]["message"]


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"title": "  "}, "title", "It is empty: give the report a title."),
        ({"title": "x" * 201}, "title", "at most 200"),
        ({"title": "x", "body": "y" * 100_001}, "body", "at most 100000"),
        ({"title": "x", "body": "\0"}, "body", "NUL"),
        ({"title": "x", "team": "theirs"}, "team", "is no team of yours"),
        ({"title": "x", "colour": "red"}, "colour", "not permitted"),
    ],
)
def test_what_does_not_fit_is_told_by_its_field(body, field, message, lab, post):
    refused = post("/reports", body)
    (problem,) = refused.json()["problems"]
    assert (refused.status_code, problem["field"]) == (422, field) and message in problem["message"]
    assert not Report.objects.exists()


def test_a_change_says_what_it_has_read(lab, program):
    refused = change(program, add_report(lab), title="Other")
    assert refused.status_code == 422 and refused.json()["problems"][0]["field"] == "version"


def test_sent_twice_it_is_written_once(lab, post):
    answers = [post("/reports", {"title": "Findings"}, **{"Idempotency-Key": "mine"}) for _ in range(2)]
    assert answers[0].json() == answers[1].json() and Report.objects.count() == 1


def test_the_list_pages_by_what_was_changed_last(lab, program, django_assert_max_num_queries):
    reports = [add_report(lab, title=f"Report {number}") for number in range(5)]
    services.save_report(lab.member, reports[0], 1, "Report 0, again", "")
    with django_assert_max_num_queries(6):
        first = program.get(f"{API}/reports", {"limit": 3, "team": "lab"}).json()
    second = program.get(f"{API}/reports", {"limit": 3, "cursor": first["next"]}).json()
    titles = [one["title"] for one in [*first["items"], *second["items"]]]
    assert titles == ["Report 0, again", "Report 4", "Report 3", "Report 2", "Report 1"] and second["next"] is None
    assert program.get(f"{API}/reports", {"team": "theirs"}).json()["items"] == []


def test_it_is_taken_home_with_a_token_that_may_read(lab, as_program):
    report = add_report(lab, f"Words.\n\n{panel('curves', f'runs: {add_full_run(lab).id}')}")
    client = as_program(lab.viewer, Scope.READ)
    said = client.get(f"{API}/reports/{report.id}").json()
    html, pdf = client.get(said["html"]), client.get(said["pdf"])
    assert html.text.startswith("<!doctype html>") and "plot-line series-1" in html.text
    assert (pdf["Content-Type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert pdf["Content-Disposition"] == 'attachment; filename="findings.pdf"'
