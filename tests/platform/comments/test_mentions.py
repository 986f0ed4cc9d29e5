"""Mentions reach people where they are, and nobody who may not read them by then."""

import pytest

from alerts import own_channels
from alerts.models import Delivery, DeliveryState, Event
from comments import mentions, services
from comments.models import Comment
from comments.subjects import find_subject
from teams.models import Membership
from tests.platform.alerts.test_deliveries import let_time_pass, send_all
from tests.platform.lab import add_run


@pytest.fixture
def run(lab):
    return add_run(lab.experiment, "mine\nwith two lines", created_by=lab.owner)


@pytest.fixture
def by_mail(lab, mail_server):
    """The viewer and the owner are told by mail; the server that takes it."""
    for person in (lab.viewer, lab.owner):
        own_channels.choose_mail(person)
    return mail_server


def say(person, run, text: str) -> Comment:
    return services.add_comment(person, find_subject(person, str(run.id)), text)


def told(server) -> list[str]:
    return [mail["To"] for mail in server.received]


def states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


def test_a_mail_says_who_calls_where_and_what(lab, run, by_mail):
    comment = say(lab.member, run, "Hands, @viewer?\n\n**Look.** ÄÖ")
    # It is the owner's run: that is told in the inbox alone.
    assert send_all() == 1
    (mail,) = by_mail.received
    assert (mail["To"], mail["From"]) == ("viewer@example.org", "flow-dppo@localhost")
    assert mail["Subject"] == "member mentioned you: mine with two lines (Lab)"
    body = mail.get_content()
    assert body.startswith("Hands, @viewer?\n\n**Look.** ÄÖ\n\n")
    assert f"http://localhost:8000/comments/{comment.id}/" in body and "http://localhost:8000/inbox/messages/" in body
    assert "Hands" not in str(Event.objects.get().content)


def test_a_message_says_the_same(lab, run, receiver):
    own_channels.choose_message(lab.viewer, f"gotify://127.0.0.1:{receiver.port}/app-token-1234")
    say(lab.member, run, f"@viewer {'a' * 3000}")
    assert send_all() == 1
    said = receiver.received[0].content
    assert said["title"].startswith("member mentioned you: mine") and f"{'a' * 900}" in said["message"]
    assert f"{'a' * mentions.LONGEST}" not in said["message"] and "…" in said["message"]


def test_each_is_told_once_and_nobody_of_what_they_said_themselves(lab, run, by_mail):
    say(lab.owner, run, "@owner @viewer @viewer @member @stranger")
    send_all()
    assert told(by_mail) == ["viewer@example.org"]


def test_only_who_is_called_anew_by_an_edit_is_told(lab, run, by_mail):
    comment = say(lab.member, run, "@viewer look")
    send_all()
    services.edit_comment(lab.member, comment, "@viewer @owner look")
    send_all()
    assert told(by_mail) == ["viewer@example.org", "owner@example.org"]


def leave_team(lab, comment) -> None:
    Membership.objects.filter(user=lab.viewer, team=lab.team).delete()


def be_locked_out(lab, comment) -> None:
    lab.viewer.is_active = False
    lab.viewer.save()


def be_called_no_more(lab, comment) -> None:
    services.edit_comment(lab.member, comment, "look")


def find_it_deleted(lab, comment) -> None:
    services.delete_comment(lab.member, comment)


def have_read_it(lab, comment) -> None:
    services.mark_read(lab.viewer)


@pytest.mark.parametrize("happens", [leave_team, be_locked_out, be_called_no_more, find_it_deleted, have_read_it])
def test_what_may_not_or_need_not_be_told_any_more_is_withheld(lab, run, by_mail, happens):
    by_mail.refusal = "450 busy"
    comment = say(lab.member, run, "@viewer @owner, a secret")
    assert send_all() == 0 and states() == ["waiting", "waiting"]
    happens(lab, comment)
    by_mail.refusal = ""
    let_time_pass()
    send_all()
    withheld = Delivery.objects.get(channel__user=lab.viewer)
    assert withheld.state == DeliveryState.WITHHELD and "viewer@example.org" not in told(by_mail)
    let_time_pass()
    assert send_all() == 0


def test_what_is_withheld_holds_up_nothing_that_follows(lab, run, by_mail):
    services.delete_comment(lab.member, say(lab.member, run, "@viewer, wrong"))
    say(lab.member, run, "@viewer, right")
    assert send_all() == 1 and states() == ["withheld", "sent"]


def test_a_comment_that_is_undone_is_told_to_nobody(lab, run, by_mail):
    with pytest.raises(Exception, match="at most 10,000"):
        say(lab.member, run, f"@viewer {'a' * 10_000}")
    assert Event.objects.count() == 0


def test_where_nobody_chose_anything_nothing_is_kept(lab, run):
    say(lab.member, run, "@viewer")
    assert Event.objects.count() == 0
