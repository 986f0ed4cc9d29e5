"""Who did what: written with the deed or not at all, read by owners, page by page."""

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from runs.models import Run
from runs.services import cancel_run, create_experiment, submit_run
from teams import audit
from teams.models import AuditEntry
from tests.platform.lab import CONFIG


def told(team) -> list[str]:
    return [str(entry) for entry in AuditEntry.objects.filter(team=team)]


def test_deeds_are_told(lab):
    experiment = create_experiment(lab.member, lab.team, "Ratios")
    run = submit_run(lab.member, experiment, "first", "sandbox-smoke", CONFIG)
    cancel_run(lab.owner, run)
    assert told(lab.team)[:3] == [
        "owner@example.org asked to cancel run “first”",
        "member@example.org submitted run “first”",
        "member@example.org made experiment “Ratios”",
    ]


def test_what_was_rolled_back_was_not_done(lab):
    before = told(lab.team)
    with pytest.raises(RuntimeError), transaction.atomic():
        submit_run(lab.member, lab.experiment, "first", "sandbox-smoke", CONFIG)
        raise RuntimeError
    assert told(lab.team) == before and not Run.objects.filter(name="first").exists()


def test_the_name_stays_when_the_account_goes(lab):
    audit.record(lab.member, lab.team, "made", "something")
    lab.member.delete()
    assert told(lab.team)[0] == "member@example.org made something"


def test_long_names_are_cut(lab):
    audit.record(lab.member, lab.team, "made", "x" * 500, "y" * 500)
    entry = AuditEntry.objects.first()
    assert (len(entry.object), len(entry.detail)) == (200, 300)


def test_pages_of_the_log_hold_each_entry_once_while_new_ones_come(lab, as_person):
    owner, address = as_person(lab.owner), reverse("team_log", args=[lab.team.id])
    for number in range(audit.PAGE_SIZE + 5):
        audit.record(lab.member, lab.team, "made", f"thing {number:03d}.")
    first = owner.get(address)
    audit.record(lab.member, lab.team, "made", "something new")
    second = owner.get(address, {"before": first.context["older"]})
    shown = [entry.object for entry in (*first.context["entries"], *second.context["entries"])]
    assert shown == [*(f"thing {number:03d}." for number in reversed(range(audit.PAGE_SIZE + 5))), "the team"]
    assert second.context["older"] is None and "Newest" in second.text


def test_a_long_log_makes_no_more_queries(lab, as_person):
    owner, address = as_person(lab.owner), reverse("team_log", args=[lab.team.id])
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            assert owner.get(address).status_code == 200
        counts.append(len(queries))
        for number in range(20):
            audit.record(lab.member, lab.team, "made", f"thing {number}")
    assert counts[0] == counts[1]
