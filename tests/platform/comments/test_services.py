"""Comments written, changed and deleted; who is told; what the log says."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from comments import selectors, services
from comments.models import Comment, Notice
from comments.subjects import find_subject
from pictures.refs import ref_of
from teams.models import AuditEntry, Membership
from tests.platform.lab import Lab, add_checkpoint, add_run, add_sample, resume
from tests.platform.pictures.easel import add_drawing

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(lab):
    return add_run(lab.experiment, "mine", created_by=lab.owner)


def say(person, thing, text: str = "well") -> Comment:
    about = str(getattr(thing, "pk", thing)) if not hasattr(thing, "prompt") else str(ref_of(thing))
    return services.add_comment(person, find_subject(person, about), text)


def told(person) -> list[tuple[str, str]]:
    return [(notice.comment.text, notice.why) for notice in Notice.objects.filter(user=person).order_by("id")]


def test_things_are_named_always_the_same_way(lab: Lab, run):
    add_checkpoint(run, 40)
    sample = add_sample(run, 40)
    names = [str(run.id).upper(), f"{run.id}@040", f"{run.id}@0", f"s{sample.id}"]
    found = [find_subject(lab.viewer, name) for name in names]
    assert [subject.about for subject in found] == [str(run.id), f"{run.id}@40", f"{run.id}@0", f"s{sample.id}"]
    titles = ["mine", "mine at 40", "base model of mine", f"picture s{sample.id} of mine"]
    assert [subject.title for subject in found] == titles
    assert {subject.team for subject in found} == {lab.team}
    assert [find_subject(lab.stranger, name) for name in names] == [None] * 4
    assert find_subject(lab.viewer, f"{run.id}@41") is None
    with pytest.raises(ValueError, match="names nothing to comment on: give a run's id"):
        find_subject(lab.viewer, "s")


def test_who_is_called_and_whose_run_it_is_are_told_once(lab: Lab, run):
    say(lab.member, run, "@owner @viewer @stranger @member look, @viewer")
    assert told(lab.owner) == told(lab.viewer) == [("@owner @viewer @stranger @member look, @viewer", "mention")]
    assert told(lab.stranger) == told(lab.member) == []
    say(lab.viewer, run, "yes")
    assert told(lab.owner)[1:] == [("yes", "own_run")] and told(lab.member) == [("yes", "thread")]


def test_who_has_left_the_team_is_told_nothing_and_sees_nothing(lab: Lab, run):
    say(lab.viewer, run, "first")
    say(lab.member, run, "@viewer second")
    assert selectors.num_unread(lab.viewer) == 1
    Membership.objects.filter(user=lab.viewer).delete()
    say(lab.member, run, "@viewer third")
    assert len(told(lab.viewer)) == 1 and selectors.num_unread(lab.viewer) == 0
    assert list(selectors.visible_comments(lab.viewer)) == []


def test_an_edit_tells_whom_it_calls_now_and_not_whom_it_calls_no_more(lab: Lab, run):
    comment = say(lab.member, run, "@viewer look")
    services.edit_comment(lab.member, comment, "look, @owner")
    assert told(lab.viewer) == [] and comment.edited_at
    # It was told already that somebody commented.
    assert told(lab.owner) == [("look, @owner", "own_run")]
    services.edit_comment(lab.member, comment, "look, @viewer")
    services.mark_read(lab.viewer, [comment])
    services.edit_comment(lab.member, comment, "look")
    assert told(lab.viewer) == [("look", "mention")]


def test_an_edit_that_changes_nothing_is_none(lab: Lab, run):
    comment = say(lab.member, run, " as it was\r\n")
    services.edit_comment(lab.member, comment, "as it was")
    assert comment.edited_at is None and comment.text == "as it was"


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "Empty"), (" \n", "Empty"), ("a" * 10_001, "10,001 characters: a comment has at most 10,000"), ("\0", "0")],
)
def test_a_text_that_cannot_be_kept_is_refused(lab: Lab, run, text, problem):
    with pytest.raises(ValidationError, match=problem):
        say(lab.member, run, text)
    assert not Comment.objects.exists() and not AuditEntry.objects.filter(verb="commented on").exists()


def test_others_neither_change_nor_delete_it_but_owners_delete(lab: Lab, run):
    comment = say(lab.member, run)
    for person in (lab.owner, lab.viewer, lab.stranger):
        with pytest.raises(PermissionDenied, match="only they may change it"):
            services.edit_comment(person, comment, "mine now")
    for person in (lab.viewer, lab.stranger):
        with pytest.raises(PermissionDenied, match="team's owners may delete"):
            services.delete_comment(person, comment)
    services.delete_comment(lab.owner, comment)
    assert not Comment.objects.exists()
    entry = AuditEntry.objects.first()
    assert (entry.verb, entry.object, entry.detail) == ("deleted a comment on", "mine", "by member@example.org")


def test_the_log_says_who_commented_on_what(lab: Lab, run):
    comment = say(lab.viewer, add_sample(run, 4))
    services.edit_comment(lab.viewer, comment, "better")
    services.delete_comment(lab.viewer, comment)
    entries = AuditEntry.objects.filter(user=lab.viewer, object__startswith="picture s").order_by("id")
    verbs = ["commented on", "changed a comment on", "deleted a comment on"]
    assert list(entries.values_list("verb", flat=True)) == verbs


def test_the_thread_of_a_run_has_what_was_said_of_its_parts(lab: Lab, run, django_assert_max_num_queries):
    add_checkpoint(run, 40)
    sample, drawing = add_sample(run, 40), add_drawing(run, 41)
    for thing in (run, f"{run.id}@40", sample, drawing):
        say(lab.member, thing, str(thing))
    subject = find_subject(lab.viewer, str(run.id))
    with django_assert_max_num_queries(6):
        rows = selectors.read_thread(lab.viewer, subject).rows
    assert [row.place for row in rows] == [
        "",
        "mine at 40",
        f"picture s{sample.id} of mine",
        f"picture d{drawing.id} of mine",
    ]
    assert [row.address for row in rows][2] == f"/pictures/s{sample.id}/#comments"
    assert rows[3].thumbnail == f"/media/drawings/{drawing.id}/thumb/"
    assert not any(row.may_edit or row.may_delete for row in rows)
    assert len(selectors.read_thread(lab.viewer, find_subject(lab.viewer, f"s{sample.id}")).rows) == 1

    resume(run, 2)
    rolled_back = selectors.read_thread(lab.viewer, subject).rows[2]
    assert (rolled_back.address, rolled_back.thumbnail) == ("", None) and rolled_back.place


def test_a_thread_comes_a_page_at_a_time(lab: Lab, run, monkeypatch):
    monkeypatch.setattr(selectors, "PAGE_SIZE", 3)
    comments = [say(lab.member, run, str(number)) for number in range(5)]
    subject = find_subject(lab.viewer, str(run.id))
    last = selectors.read_thread(lab.viewer, subject)
    assert [row.comment.text for row in last.rows] == ["2", "3", "4"] and last.earlier == comments[2].id
    first = selectors.read_thread(lab.viewer, subject, last.earlier)
    assert [row.comment.text for row in first.rows] == ["0", "1"] and first.earlier is None
    assert first.digest != last.digest
    assert selectors.num_after(lab.viewer, subject, comments[3]) == 1


def test_a_picture_that_is_talked_about_stays(lab: Lab, run):
    drawing = add_drawing(run, expires_at=timezone.now() + timedelta(hours=1))
    say(lab.member, drawing)
    drawing.refresh_from_db()
    assert drawing.expires_at is None
    assert Comment.objects.get().drawing == drawing and Comment.objects.get().run == run


def test_a_comment_goes_with_what_it_is_about(lab: Lab, run):
    lone = add_drawing(run)
    lone.run = None
    lone.save()
    say(lab.member, lone, "@viewer")
    say(lab.member, run)
    lone.delete()
    assert Comment.objects.count() == 1 and told(lab.viewer) == []
    run.delete()
    assert not Comment.objects.exists()
