"""Links are made, counted, listed, revoked, and switched off; their secrets are kept nowhere."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils import timezone

from sharing import services
from sharing.models import ShareLink
from sharing.selectors import PAGE_SIZE, find_link
from teams.models import AuditEntry
from tests.platform.lab import add_run
from tests.platform.reports.desk import add_report
from tests.platform.sharing.doorway import expire, make_link, visit

pytestmark = pytest.mark.django_db


def test_a_link_is_shown_once_and_kept_as_a_hash(lab, member):
    run = add_run(lab.experiment)
    address = reverse("run_share", args=[run.id])
    page = member.post(address, {"num_days": "30"})
    link = ShareLink.objects.get()
    secret = page.context["address"].rstrip("/").rpartition("/")[2]
    assert secret.startswith("fdps_") and page.text.count(secret) == 1 and page["Cache-Control"].find("no-store") > 0
    assert secret not in member.get(address).text
    assert not any(secret in str(value) for row in ShareLink.objects.values() for value in row.values())
    assert abs(link.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)
    assert find_link(secret) == link
    entry = AuditEntry.objects.get(verb="shared")
    assert entry.object == "run “run”" and secret not in f"{entry.object}{entry.detail}"


def test_thirty_days_is_what_one_gets_without_choosing(lab, member):
    page = member.get(reverse("report_share", args=[add_report(lab).id])).text
    assert '<option value="30" selected>30 days</option>' in page


@pytest.mark.parametrize("days", [0, 366])
def test_no_link_is_for_ever(lab, days):
    with pytest.raises(ValidationError, match=f"num_days = {days}: give 1 to 365"):
        services.share(lab.member, add_run(lab.experiment), days)


def test_viewers_and_strangers_share_nothing(lab):
    run, report = add_run(lab.experiment), add_report(lab)
    for person in (lab.viewer, lab.stranger):
        for subject in (run, report):
            with pytest.raises(PermissionDenied):
                services.share(person, subject, 30)
    assert not ShareLink.objects.exists()


def test_only_a_link_that_holds_opens(lab):
    report = add_report(lab)
    good, old, revoked = (make_link(lab, report) for _ in range(3))
    expire(old)
    services.revoke(lab.owner, revoked.link)
    assert [visit(made).status_code for made in (good, old, revoked)] == [200, 404, 404]
    assert find_link(good.text[:-1]) is None and find_link(good.link.digest) is None and find_link("") is None


def test_owners_switch_sharing_off_and_on(lab, as_person):
    made = make_link(lab, add_report(lab))
    owner, address = as_person(lab.owner), reverse("sharing_switch", args=[lab.team.id])
    owner.post(address, {"on": "0"})
    assert visit(made).status_code == 404
    page = as_person(lab.member).get(reverse("run_share", args=[add_run(lab.experiment).id])).text
    assert "has switched sharing off" in page and "Make a link" not in page
    with pytest.raises(ValidationError, match="ask them to switch it on"):
        make_link(lab, made.link.report)
    assert "Sharing is off" in owner.get(reverse("team_shares", args=[lab.team.id])).text
    owner.post(address, {"on": "1"})
    assert visit(made).status_code == 200
    assert [*AuditEntry.objects.filter(object="sharing by link").order_by("id").values_list("verb", flat=True)] == [
        "switched off", "switched on"
    ]  # fmt: skip
    with pytest.raises(PermissionDenied):
        services.switch(lab.member, lab.team, False)


def test_opens_are_counted_once_a_page(lab):
    made = make_link(lab, add_run(lab.experiment))
    for _ in range(3):
        visit(made)
    visit(made, iteration=1)
    visit(made, "share_status")
    visit(made, "share_panel", 0)
    made.link.refresh_from_db()
    assert made.link.num_opens == 3 and made.link.opened_at is not None


def test_the_team_sees_its_links_and_takes_them_back(lab, member, as_person):
    run, report = add_run(lab.experiment, "shared run"), add_report(lab, title="Shared report")
    links = [make_link(lab, run).link, make_link(lab, report).link]
    page = member.get(reverse("team_shares", args=[lab.team.id]))
    assert [link.id for link in page.context["links"]] == [links[1].id, links[0].id]
    assert "shared run" in page.text and "Shared report" in page.text and "Switch sharing" not in page.text
    assert "Switch sharing off" in as_person(lab.owner).get(reverse("team_shares", args=[lab.team.id])).text
    member.post(reverse("share_revoke", args=[lab.team.id, links[0].id]))
    member.post(reverse("share_revoke", args=[lab.team.id, links[0].id]))
    assert AuditEntry.objects.filter(verb="revoked", object="link to run “shared run”").count() == 1
    assert "revoked" in member.get(reverse("team_shares", args=[lab.team.id])).text
    # On its own page the run has no open link any more; the report has.
    assert "Open links" not in member.get(reverse("run_share", args=[run.id])).text
    assert "Open links" in member.get(reverse("report_share", args=[report.id])).text


def test_a_link_of_another_team_is_not_revoked_by_its_number(lab, member, as_person):
    made = make_link(lab, add_report(lab))
    stranger = as_person(lab.stranger)
    theirs = lab.stranger.teams.get()
    assert stranger.post(reverse("share_revoke", args=[theirs.id, made.link.id])).status_code == 404
    assert visit(made).status_code == 200


def test_many_links_are_pages_of_few_queries(lab, member, django_assert_max_num_queries):
    report = add_report(lab)
    for _ in range(PAGE_SIZE + 1):
        make_link(lab, report)
    with django_assert_max_num_queries(10):
        page = member.get(reverse("team_shares", args=[lab.team.id]))
    older = member.get(reverse("team_shares", args=[lab.team.id]), {"before": page.context["older"]})
    assert (len(page.context["links"]), len(older.context["links"])) == (PAGE_SIZE, 1)


def test_what_goes_takes_its_links_along(lab):
    report = add_report(lab)
    made = make_link(lab, report)
    report.delete()
    assert visit(made).status_code == 404 and not ShareLink.objects.exists()
