"""Who may open the addresses of sharing. Those below /s/ open to whoever has the secret, signed in or not."""

from django.core.cache import cache
from django.db.models import QuerySet

from sharing import services
from sharing.models import ShareLink, SharingSwitch
from teams.models import Team
from tests.platform.access import OWNERS_DO, PUBLIC, WRITERS, Access
from tests.platform.lab import Lab
from tests.platform.reports.desk import add_full_run, add_report, all_panels
from tests.platform.sharing.doorway import add_comparison, expire, make_link

NOBODY = (404, 404, 404, 404, 404)
WRITERS_DO = (302, 404, 403, 302, 302)
TEAM_ID, LINK = {"team_id": "team"}, {"team_id": "team", "link_id": "link"}
# Secrets that open nothing: expired, revoked, of another thing in the same team.
CLOSED = ("expired", "revoked", "unknown")


def by_secret(**more: str) -> list[Access]:
    """With the secret of the shared run everybody, with one that does not hold nobody."""
    cases = [Access(PUBLIC, kwargs={"secret": "secret"} | more)]
    return cases + [Access(NOBODY, kwargs={"secret": secret} | more) for secret in CLOSED]


def of_another(**more: str) -> Access:
    """With the secret of a shared report that does not show it."""
    return Access(NOBODY, kwargs={"secret": "others_secret"} | more)


ACCESS = {
    "run_share": [
        Access(WRITERS, kwargs={"run_id": "shared_run"}),
        Access(WRITERS, kwargs={"run_id": "shared_run"}, post={"num_days": "30"}),
        Access((302, 404, 403, 422, 422), kwargs={"run_id": "shared_run"}, post={"num_days": "3000"}),
    ],
    "report_share": [
        Access(WRITERS, kwargs={"report_id": "shared_report"}),
        Access(WRITERS, kwargs={"report_id": "shared_report"}, post={"num_days": "7"}),
    ],
    "comparison_share": [
        Access(WRITERS, kwargs={"comparison_id": "shared_comparison"}),
        Access(WRITERS, kwargs={"comparison_id": "shared_comparison"}, post={"num_days": "90"}),
    ],
    "team_shares": [Access(WRITERS, kwargs=TEAM_ID)],
    "sharing_switch": [
        Access((302, 405, 405, 405, 405), kwargs=TEAM_ID),
        Access(OWNERS_DO, kwargs=TEAM_ID, post={"on": "0"}),
    ],
    "share_revoke": [
        Access((302, 405, 405, 405, 405), kwargs=LINK),
        Access(WRITERS_DO, kwargs=LINK, post={}),
    ],
    "share": [
        *by_secret(),
        *(Access(PUBLIC, kwargs={"secret": one}) for one in ("comparisons_secret", "full_secret")),
    ],
    **{
        name: [
            *(Access(PUBLIC, kwargs={"secret": one}) for one in ("secret", "full_secret")),
            *(Access(NOBODY, kwargs={"secret": one}) for one in (*CLOSED, "comparisons_secret")),
        ]
        for name in ("share_html", "share_pdf")
    },
    "share_status": [*by_secret(), of_another()],
    "share_panel": [*by_secret(number="panel_number"), of_another(number="panel_number")],
    "share_picture": [*by_secret(ref="shared_picture"), of_another(ref="shared_picture")],
    "share_thumbnail": [*by_secret(ref="shared_picture"), of_another(ref="shared_picture")],
    "share_frames": [*by_secret(ref="shared_picture"), of_another(ref="shared_picture")],
    "share_sheet": [
        *by_secret(ref="shared_picture", number="panel_number"),
        of_another(ref="shared_picture", number="panel_number"),
    ],
}


def make_things(lab: Lab) -> dict:
    # The matrix asks with more secrets that open nothing than one address may.
    cache.clear()
    run = add_full_run(lab, "shared")
    report = add_report(lab, "Words alone.")
    comparison = add_comparison(lab, run)
    made = make_link(lab, run)
    revoked = make_link(lab, run)
    services.revoke(lab.member, revoked.link)
    return {
        "team": lab.team.id,
        "shared_run": run.id,
        "shared_report": report.id,
        "shared_comparison": comparison.id,
        "shared_picture": f"s{run.samples.first().id}",
        "panel_number": 0,
        "link": made.link.id,
        "secret": made.text,
        "comparisons_secret": make_link(lab, comparison).text,
        "full_secret": make_link(lab, add_report(lab, all_panels(run))).text,
        "others_secret": make_link(lab, report).text,
        "expired": expire(make_link(lab, run)).text,
        "revoked": revoked.text,
        "unknown": "fdps_nothing",
    }


def rows_of(team: Team) -> list[QuerySet]:
    return [ShareLink.objects.filter(team=team).defer("num_opens"), SharingSwitch.objects.filter(team=team)]
