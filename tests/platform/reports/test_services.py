"""What is done to reports: by whom, and how two who save at once do not lose a word."""

import threading
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.utils import timezone

from pictures.models import Drawing
from reports import services
from reports.models import Report
from reports.services import Conflict
from runs.models import Experiment
from teams.models import AuditEntry
from teams.services import create_team
from tests.platform.lab import add_run, make_lab
from tests.platform.pictures.easel import add_drawing
from tests.platform.reports.desk import add_report


@pytest.mark.django_db
def test_viewers_and_strangers_write_nothing(lab):
    report = add_report(lab)
    for person in (lab.viewer, lab.stranger):
        for deed in (
            lambda person: services.create_report(person, lab.team, "T", ""),
            lambda person: services.save_report(person, report, 1, "T", ""),
            lambda person: services.save_as_copy(person, report, "T", ""),
            lambda person: services.delete_report(person, report),
        ):
            with pytest.raises(PermissionDenied):
                deed(person)
    assert [*Report.objects.values_list("title", "version")] == [("Findings", 1)]


@pytest.mark.django_db
def test_each_change_is_a_version_with_who_made_it(lab):
    report = add_report(lab, "One.")
    saved = services.save_report(lab.owner, report, 1, "Findings", "Two.")
    assert (saved.version, saved.created_by, saved.updated_by) == (2, lab.member, lab.owner)
    assert saved.updated_at > report.updated_at
    assert AuditEntry.objects.get(verb="changed").detail == "version 2"


@pytest.mark.django_db
def test_a_conflict_brings_what_stands_there_now(lab):
    report = add_report(lab, "One.")
    services.save_report(lab.owner, report, 1, "Findings", "Two.")
    with pytest.raises(Conflict) as caught:
        services.save_report(lab.member, report, 1, "Findings", "Three.")
    assert (caught.value.report.body, caught.value.report.version) == ("Two.", 2)


@pytest.mark.django_db
def test_pictures_of_the_playground_that_it_names_stay(lab):
    tomorrow = timezone.now() + timedelta(days=1)
    elsewhere = create_team("Mine", lab.stranger)
    run, theirs = add_run(lab.experiment), add_run(Experiment.objects.create(team=elsewhere, name="Theirs"))
    first, second, third = (add_drawing(run, seed=seed, expires_at=tomorrow) for seed in (1, 2, 3))
    foreign = add_drawing(theirs, expires_at=tomorrow)
    named = "```pictures\nrefs: {}\n```"
    report = services.create_report(lab.member, lab.team, "One", named.format(f"d{first.id}, d{foreign.id}"))
    assert [*Drawing.objects.filter(expires_at=None)] == [first]
    services.save_report(lab.member, report, 1, "One", named.format(f"d{second.id}"))
    assert [*Drawing.objects.filter(expires_at=None)] == [first, second]
    assert {*Drawing.objects.exclude(expires_at=None)} == {third, foreign}


@pytest.mark.django_db
def test_the_title_of_a_copy_fits(lab):
    copy = services.save_as_copy(lab.member, add_report(lab), "x" * 200, "Mine.")
    assert copy.title == "x" * 193 + " (copy)"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_save_the_same_version_at_once_one_does():
    lab = make_lab()
    report = add_report(lab, "Begun.")
    barrier, saved, refused = threading.Barrier(4), [], []

    def save(number: int) -> None:
        barrier.wait()
        try:
            saved.append(services.save_report(lab.member, report, 1, "Findings", f"Text {number}.").body)
        except Conflict as conflict:
            refused.append(conflict.report.body)
        finally:
            connection.close()

    threads = [threading.Thread(target=save, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report.refresh_from_db()
    assert (len(saved), len(refused), report.version) == (1, 3, 2)
    # Those who were refused were shown what was saved.
    assert {*saved, *refused} == {report.body}
