"""Who may open the addresses of reports."""

from django.db.models import QuerySet

from reports.models import Report
from teams.models import Team
from tests.platform.access import SIGNED_IN, TEAM, WRITERS, Access
from tests.platform.lab import Lab
from tests.platform.reports.desk import add_full_run, add_report, all_panels

REPORT = {"report_id": "report"}
# The stranger writes to a team of their own, not to this one; viewers write to none.
FOR_WRITERS_OF_ANY = (302, 200, 403, 200, 200)
FOR_WRITERS_OF_THIS = (302, 404, 403, 200, 200)

ACCESS = {
    "reports": [Access(SIGNED_IN), Access(SIGNED_IN, query="?before=2026-01-01T00:00:00Z_7")],
    "report_new": [
        Access(FOR_WRITERS_OF_ANY),
        Access((302, 422, 403, 302, 302), post={"title": "New", "team": "{team}", "body": "Words."}),
    ],
    "report_check": [
        Access((302, 405, 405, 405, 405)),
        Access(FOR_WRITERS_OF_THIS, post={"team": "{team}", "body": "```curves\n```"}),
    ],
    "report_preview": [
        Access((302, 405, 405, 405, 405)),
        Access(FOR_WRITERS_OF_THIS, post={"team": "{team}", "body": "Words."}),
    ],
    "report_runs": [Access(FOR_WRITERS_OF_THIS, query="?team={team}")],
    "report_block": [Access(FOR_WRITERS_OF_THIS, query="?team={team}&kind=curves&run={reported_run}")],
    "report": [Access(TEAM, kwargs=REPORT)],
    "report_panel": [Access(TEAM, kwargs=REPORT | {"number": "panel_number"})],
    "report_edit": [
        Access(WRITERS, kwargs=REPORT),
        Access((302, 404, 403, 302, 302), kwargs=REPORT, post={"title": "T", "body": "B", "version": "1"}),
        Access((302, 404, 403, 409, 409), kwargs=REPORT, post={"title": "T", "body": "B", "version": "7"}),
        Access((302, 404, 403, 302, 302), kwargs=REPORT, post={"title": "T", "version": "7", "as": "copy"}),
    ],
    "report_delete": [
        Access((302, 405, 405, 405, 405), kwargs=REPORT),
        Access((302, 404, 403, 302, 302), kwargs=REPORT, post={}),
    ],
    "report_html": [Access(TEAM, kwargs=REPORT)],
    "report_pdf": [Access(TEAM, kwargs=REPORT)],
}


def make_things(lab: Lab) -> dict:
    run = add_full_run(lab)
    report = add_report(lab, all_panels(run))
    return {"team": lab.team.id, "report": report.id, "panel_number": 0, "reported_run": run.id}


def rows_of(team: Team) -> list[QuerySet]:
    return [Report.objects.filter(team=team)]
