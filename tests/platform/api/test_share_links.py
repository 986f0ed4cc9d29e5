"""Share links over the API: shown once, listed without their secret, taken back."""

import pytest
from django.test import Client

from api.models import StoredAnswer
from sharing import services
from sharing.models import ShareLink
from tests.platform.api.conftest import API
from tests.platform.reports.desk import add_full_run, add_report
from tests.platform.sharing.doorway import add_comparison, make_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def subjects(lab) -> dict:
    """By the first part of their addresses."""
    run = add_full_run(lab)
    return {"runs": run, "reports": add_report(lab), "comparisons": add_comparison(lab, run)}


@pytest.mark.parametrize("kind", ["runs", "reports", "comparisons"])
def test_a_link_is_made_opened_listed_and_revoked(kind, lab, subjects, program, post):
    subject = subjects[kind]
    links = f"/{kind}/{subject.id}/share-links"
    made = post(links, {"num_days": 7})
    said = made.json()
    assert (made.status_code, made["Cache-Control"]) == (201, "no-store")
    assert (said["kind"], said["name"], said["num_opens"]) == (kind[:-1], str(subject), 0)
    address = said.pop("address")
    assert address.startswith("http://testserver/s/fdps_")
    # Without cookies and without an account; how a comparison was looked at is told in its address.
    assert Client().get(address, follow=True).status_code == 200

    [listed] = program.get(f"{API}{links}").json()["items"]
    assert listed == said | {"num_opens": 1, "opened_at": listed["opened_at"]} and listed["opened_at"]
    assert address.split("/")[-2] not in program.get(f"{API}/teams/lab/share-links").text
    assert program.delete(f"{API}/teams/lab/share-links/{said['id']}").status_code == 204
    assert Client().get(address).status_code == 404
    assert program.get(f"{API}{links}").json()["items"] == []
    [revoked] = program.get(f"{API}/teams/lab/share-links").json()["items"]
    assert revoked["revoked_at"]


def test_the_secret_is_kept_nowhere(lab, subjects, post):
    post(f"/runs/{subjects['runs'].id}/share-links", {}, **{"Idempotency-Key": "mine"})
    assert not StoredAnswer.objects.exists() and ShareLink.objects.count() == 1


def test_a_link_holds_for_thirty_days_unless_one_says_so(lab, subjects, post):
    post(f"/reports/{subjects['reports'].id}/share-links", {})
    link = ShareLink.objects.get()
    assert (link.expires_at - link.created_at).days in (29, 30) and link.created_by == lab.member


@pytest.mark.parametrize("num_days", [0, 366, "soon"])
def test_days_that_do_not_fit_are_told(num_days, subjects, post):
    refused = post(f"/reports/{subjects['reports'].id}/share-links", {"num_days": num_days})
    assert (refused.status_code, refused.json()["problems"][0]["field"]) == (422, "num_days")


def test_a_team_that_does_not_share_makes_no_links(lab, subjects, post):
    services.switch(lab.owner, lab.team, is_on=False)
    refused = post(f"/reports/{subjects['reports'].id}/share-links", {})
    assert refused.status_code == 422 and "switched sharing off" in refused.json()["error"]


def test_a_page_of_links_is_a_few_queries(lab, subjects, program, django_assert_max_num_queries):
    made = [make_link(lab, subject).link.id for subject in subjects.values() for _ in range(3)]
    with django_assert_max_num_queries(7):
        first = program.get(f"{API}/teams/lab/share-links", {"limit": 5}).json()
    second = program.get(f"{API}/teams/lab/share-links", {"limit": 5, "cursor": first["next"]}).json()
    assert [one["id"] for one in [*first["items"], *second["items"]]] == made[::-1] and second["next"] is None


def test_a_link_of_another_team_cannot_be_revoked(lab, subjects, as_program):
    link = make_link(lab, subjects["runs"]).link
    stranger = as_program(lab.stranger)
    for slug in ("lab", lab.stranger.memberships.get().team.slug):
        assert stranger.delete(f"{API}/teams/{slug}/share-links/{link.id}").status_code == 404
    link.refresh_from_db()
    assert link.revoked_at is None
