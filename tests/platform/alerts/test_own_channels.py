"""Where people have mentions sent: chosen on a page of their own, tried with a test message, and stopped."""

import pytest
from django.db import IntegrityError, connection
from django.urls import reverse

from alerts import channel_secrets, deliveries, outbox, own_channels
from alerts.models import Channel, ChannelKind, Delivery, DeliveryState, Event, EventKind
from teams.models import AuditEntry
from tests.platform.alerts.test_deliveries import let_time_pass, send_all

PAGE = "/inbox/messages/"


def gotify(receiver, token: str = "app-token-1234") -> str:
    return f"gotify://127.0.0.1:{receiver.port}/{token}"


def test_mail_goes_to_the_address_that_one_signs_in_with(lab, member, mail_server):
    assert "Send mentions to member@example.org" in member.get(PAGE).text
    assert member.post(reverse("own_channel_mail"))["Location"] == PAGE
    member.post(reverse("own_channel_test", args=["mail"]))
    assert "test" in member.get(PAGE).text and "waiting" in member.get(PAGE).text
    lab.member.email = "new@example.org"
    lab.member.save()
    assert send_all() == 1
    (mail,) = mail_server.received
    assert (mail["To"], mail["Subject"]) == ("new@example.org", "Flow-DPPO: a test")
    assert mail.get_content() == "Your mentions arrive here.\n"
    assert mail["Message-ID"] == f"<{Event.objects.get().id}@localhost>" and mail["Auto-Submitted"] == "auto-generated"
    assert "sent" in member.get(PAGE).text


def test_where_the_site_sends_no_mail_none_is_offered(lab, member, settings):
    settings.OPERATOR_CONTACT = "grace@example.org"
    page = member.get(PAGE).text
    assert "This site sends no mail" in page and "grace@example.org" in page and "Send mentions to" not in page
    answer = member.post(reverse("own_channel_mail"), follow=True)
    assert "its operator has not set it up" in answer.text and Channel.objects.count() == 0


def test_mail_that_was_taken_away_is_a_failure_with_words(lab, member, mail_server, settings):
    own_channels.send_test(lab.member, own_channels.choose_mail(lab.member))
    settings.HAS_MAIL = False
    assert send_all() == 0
    page = member.get(PAGE).text
    assert "This site sends no mail any more" in page and "failing, 1 in a row" in page and "Stop</button>" in page


def test_what_the_mail_server_does_not_take_is_tried_again(lab, member, mail_server):
    own_channels.send_test(lab.member, own_channels.choose_mail(lab.member))
    mail_server.refusal = "450 busy with somebody@else.example"
    assert send_all() == 0
    error = Delivery.objects.get().error
    assert error == "The mail server did not take it: SMTPRecipientsRefused" and error in member.get(PAGE).text
    mail_server.refusal = ""
    let_time_pass()
    assert send_all() == 1 and Channel.objects.get().num_failures == 0


def test_a_server_that_is_not_there_is_a_failure_too(lab, mail_server, settings):
    own_channels.send_test(lab.member, own_channels.choose_mail(lab.member))
    settings.EMAIL_PORT = 1
    assert send_all() == 0
    assert Delivery.objects.get().error == "The mail server did not take it: ConnectionRefusedError"


def test_a_message_address_is_masked_encrypted_and_replaced(lab, member, receiver):
    assert member.post(PAGE, {"address": gotify(receiver)})["Location"] == PAGE
    channel = Channel.objects.get()
    assert (channel.user, channel.team, channel.kind) == (lab.member, None, ChannelKind.MESSAGE)
    own_channels.send_test(lab.member, channel)
    member.post(PAGE, {"address": gotify(receiver, "other-token-12")})
    channel = Channel.objects.get()
    assert channel_secrets.read_message(channel).url.endswith("/other-token-12")
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(channel::text, ' ') FROM alerts_channel AS channel")
        rows = cursor.fetchone()[0]
    page = member.get(PAGE)
    assert "token-1" not in rows and "token-1" not in page.text and channel.shown_address in page.text
    assert "no-store" in page["Cache-Control"]
    assert send_all() == 1 and receiver.received[0].content["message"] == "Your mentions arrive here."


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("", "Empty: give the address."),
        ("gotify://127.0.0.1:9/app-token-1234", "127.0.0.1 is no public server"),
        ("file:///etc/passwd", "is not among the services"),
        ("https://example.org/", "make a webhook instead"),
    ],
)
def test_what_is_wrong_with_an_address_is_said(lab, member, address, problem):
    refused = member.post(PAGE, {"address": address})
    assert refused.status_code == 422 and problem in refused.text and Channel.objects.count() == 0


def test_it_is_stopped_with_all_that_waits_and_the_teams_know(lab, member, mail_server):
    own_channels.send_test(lab.member, own_channels.choose_mail(lab.member))
    assert "They stand in the inbox" in member.post(reverse("own_channel_drop", args=["mail"]), follow=True).text
    assert Channel.objects.count() == Delivery.objects.count() == 0 == send_all()
    log = AuditEntry.objects.filter(user=lab.member).order_by("id").values_list("verb", "object", "detail")
    assert list(log) == [("chose", "mentions by e-mail", ""), ("stopped", "mentions by e-mail", "")]
    assert member.post(reverse("own_channel_test", args=["mail"])).status_code == 404


def test_one_test_waits_at_a_time(lab, mail_server):
    channel = own_channels.choose_mail(lab.member)
    assert [own_channels.send_test(lab.member, channel) for _ in range(2)] == [True, False]
    assert own_channels.choose_mail(lab.member).id == channel.id and send_all() == 1


def test_what_others_chose_is_not_there(lab, member, as_person, mail_server):
    own_channels.choose_mail(lab.owner)
    assert "owner@example.org" not in member.get(PAGE).text
    for name in ("own_channel_test", "own_channel_drop"):
        assert member.post(reverse(name, args=["mail"])).status_code == 404
    # Owners of a team see the team's channels alone.
    channel = Channel.objects.get()
    assert as_person(lab.owner).get(reverse("channel", args=[lab.team.id, channel.id])).status_code == 404
    assert "E-mail" not in as_person(lab.owner).get(reverse("channels", args=[lab.team.id])).text


def test_a_team_is_told_by_no_mail_and_of_no_mention(lab, as_person, receiver):
    for fields in ({"kind": "mail", "events": ["alert"]}, {"kind": "webhook", "events": ["mention"]}):
        sent = {"name": "Hook", "address": receiver.url, **fields}
        refused = as_person(lab.owner).post(reverse("channels", args=[lab.team.id]), sent)
        assert refused.status_code == 422 and "not one of the available choices" in refused.text


def test_a_channel_is_of_a_team_or_of_a_person(lab):
    with pytest.raises(IntegrityError, match="channel_is_of_a_team_or_of_a_person"):
        Channel.objects.create(kind=ChannelKind.MAIL, name="nobody's", events=[])


def test_what_a_team_is_told_goes_to_no_person(lab, watched, mail_server):
    own_channels.choose_mail(lab.owner)
    watched.finish()
    assert (send_all(), mail_server.received, Event.objects.count()) == (0, [], 0)


def test_what_an_event_says_late_is_kept_nowhere(lab, mail_server):
    own_channels.choose_mail(lab.member)
    outbox.note_mention(lab.team.id, 10**9, [lab.member.id])
    assert set(Event.objects.get(kind=EventKind.MENTION).content) == {"id", "type", "time", "comment"}
    # There is no such comment any more.
    assert send_all() == 0 and Delivery.objects.get().state == DeliveryState.WITHHELD
    assert deliveries.claim_channels(10) == []
