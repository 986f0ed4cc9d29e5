"""A team's channels: their secrets, their pages, and what owners do with them."""

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.urls import reverse

from alerts import channel_secrets, channels, deliveries, outbox
from alerts.apprise_services import AddressRefused
from alerts.models import Channel, ChannelKind, Delivery, DeliveryState
from alerts.selectors import PAGE_SIZE
from teams.models import AuditEntry
from tests.platform.alerts.receiver import Receiver


@pytest.fixture
def owner(lab, as_person):
    return as_person(lab.owner)


def new_channel(owner, lab, **fields):
    fields = {"name": "Hook", "kind": "webhook", "events": ["failed", "alert"], **fields}
    return owner.post(reverse("channels", args=[lab.team.id]), fields)


def rows_as_text() -> str:
    """Everything that the tables hold of channels."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(channel::text, ' ') FROM alerts_channel AS channel")
        channels_as_text = cursor.fetchone()[0]
        cursor.execute("SELECT string_agg(entry::text, ' ') FROM teams_auditentry AS entry")
        return channels_as_text + cursor.fetchone()[0]


def test_a_webhooks_secret_is_shown_once_and_stored_encrypted(lab, owner, receiver):
    page = new_channel(owner, lab, address=f"{receiver.url}?token=much-too-secret").text
    secret = re.search(r"whsec_[A-Za-z0-9+/=]+", page)[0]
    channel = Channel.objects.get()
    assert channel_secrets.read_webhook(channel).secret == secret
    assert secret not in rows_as_text() and "much-too-secret" not in rows_as_text()
    for name, args in (("channels", [lab.team.id]), ("channel", [lab.team.id, channel.id])):
        again = owner.get(reverse(name, args=args))
        assert secret not in again.text and "much-too-secret" not in again.text
        assert "no-store" in again["Cache-Control"]


def test_a_message_address_is_masked_and_stored_encrypted(lab, owner, receiver):
    address = f"gotify://127.0.0.1:{receiver.port}/app-token-1234"
    page = new_channel(owner, lab, kind="message", address=address).text
    channel = Channel.objects.get()
    assert "app-token-1234" not in page and "app-token-1234" not in rows_as_text()
    assert channel.shown_address == f"gotify://127.0.0.1:{receiver.port}/a...4/"
    assert channel_secrets.read_message(channel).url == address


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({"address": ""}, "Empty: give the address."),
        ({"address": "ftp://example.org/"}, "no address of a server"),
        ({"address": "https://me:secret@example.org/"}, "Leave the password out"),
        ({"address": "http://127.0.0.1:9/"}, "127.0.0.1 is no public server"),
        ({"address": "http://[::1]/"}, "::1 is no public server"),
        ({"address": "http://169.254.169.254/latest"}, "169.254.169.254 is no public server"),
        ({"kind": "message", "address": "syslog://local5"}, "is not among the services"),
        ({"kind": "message", "address": "https://example.org/"}, "make a webhook instead"),
        ({"address": "https://example.org/", "events": []}, "Nothing is ticked"),
        ({"address": "https://example.org/", "events": ["test"]}, "not one of the available choices"),
        ({"address": "https://example.org/", "name": ""}, "Empty: give the channel a name."),
    ],
)
def test_what_is_wrong_with_a_new_channel_is_said(lab, owner, fields, problem):
    response = new_channel(owner, lab, **fields)
    assert response.status_code == 422 and problem in response.text
    assert Channel.objects.count() == 0


def test_a_name_is_there_once_in_a_team(lab, owner, receiver):
    new_channel(owner, lab, address=receiver.url)
    response = new_channel(owner, lab, address=receiver.url)
    assert response.status_code == 422 and "has a channel of this name" in response.text


def test_a_team_has_so_many_channels_and_no_more(lab, owner, receiver, monkeypatch):
    monkeypatch.setattr(channels, "MOST_CHANNELS", 1)
    new_channel(owner, lab, address=receiver.url)
    response = new_channel(owner, lab, name="Another", address=receiver.url)
    assert response.status_code == 422 and "at most 1 channels" in response.text


def test_a_test_message_is_sent_and_seen_in_the_log(lab, owner, receiver):
    new_channel(owner, lab, address=receiver.url)
    at = [lab.team.id, Channel.objects.get().id]
    owner.post(reverse("channel_test", args=at))
    assert "waiting" in owner.get(reverse("channel", args=at)).text
    for channel_id in deliveries.claim_channels(10):
        deliveries.serve(channel_id)
    assert receiver.types == ["test"] and receiver.received[0].content["team"]["name"] == "Lab"
    page = owner.get(reverse("channel", args=at)).text
    assert "sent" in page and str(Delivery.objects.get().event_id) in page


def test_what_went_wrong_is_seen_and_can_be_sent_again(lab, owner, receiver):
    new_channel(owner, lab, address=receiver.url)
    channel = Channel.objects.get()
    delivery = outbox.send_test(channel)
    Delivery.objects.update(state=DeliveryState.GIVEN_UP, num_tries=11, status=503, error="Status 503: away")
    at = [lab.team.id, channel.id]
    page = owner.get(reverse("channel", args=at)).text
    assert "given up" in page and "Status 503: away" in page
    owner.post(reverse("delivery_again", args=[*at, delivery.id]))
    assert Delivery.objects.get().state == DeliveryState.WAITING


def test_a_new_secret_takes_the_place_of_the_old_one(lab, owner, receiver):
    new_channel(owner, lab, address=receiver.url)
    channel = Channel.objects.get()
    before = channel_secrets.read_webhook(channel).secret
    page = owner.post(reverse("channel_secret", args=[lab.team.id, channel.id])).text
    after = channel_secrets.read_webhook(Channel.objects.get()).secret
    assert after != before and after in page


def test_a_message_has_no_secret_to_renew(lab, owner, receiver):
    address = f"gotify://127.0.0.1:{receiver.port}/app-token-1234"
    new_channel(owner, lab, kind="message", address=address)
    at = [lab.team.id, Channel.objects.get().id]
    assert owner.post(reverse("channel_secret", args=at)).status_code == 404


def test_a_channel_is_changed_and_deleted_and_the_team_knows_by_whom(lab, owner, receiver):
    new_channel(owner, lab, address=receiver.url)
    channel = Channel.objects.get()
    outbox.send_test(channel)
    at = [lab.team.id, channel.id]
    owner.post(reverse("channel", args=at), {"name": "Renamed", "events": ["finished"]})
    channel.refresh_from_db()
    assert (channel.name, channel.events, channel.is_on) == ("Renamed", ["finished"], False)
    owner.post(reverse("channel_delete", args=at))
    assert Channel.objects.count() == Delivery.objects.count() == 0
    verbs = list(AuditEntry.objects.filter(team=lab.team).order_by("id").values_list("verb", flat=True))
    assert verbs[-3:] == ["made", "changed", "deleted"]


def test_a_channel_of_another_team_is_not_there(lab, owner, receiver):
    theirs = channels.make_channel(
        lab.stranger, lab.stranger.teams.get(), ChannelKind.WEBHOOK, "theirs", receiver.url, ["alert"]
    ).channel
    for team in (lab.team.id, theirs.team_id):
        assert owner.get(reverse("channel", args=[team, theirs.id])).status_code == 404
    with pytest.raises(PermissionDenied):
        channels.delete_channel(lab.owner, theirs)


@pytest.mark.parametrize("person", ["member", "viewer", "stranger"])
def test_only_owners_make_channels(lab, person, receiver):
    with pytest.raises(PermissionDenied):
        channels.make_channel(getattr(lab, person), lab.team, ChannelKind.WEBHOOK, "mine", receiver.url, ["alert"])


def test_the_log_of_a_channel_goes_by_pages(lab, owner, receiver):
    new_channel(owner, lab, address=receiver.url)
    channel = Channel.objects.get()
    told = [outbox.send_test(channel) for _ in range(PAGE_SIZE + 2)]
    address = reverse("channel", args=[lab.team.id, channel.id])
    first = owner.get(address)
    older = owner.get(address, {"before": first.context["older"]})
    shown = [*first.context["deliveries"], *older.context["deliveries"]]
    assert [row.id for row in shown] == [row.id for row in reversed(told)]


def test_a_webhook_address_is_shown_without_its_path(receiver: Receiver):
    assert channels.check_webhook(receiver.url) == f"http://127.0.0.1:{receiver.port}/…"
    with pytest.raises(AddressRefused):
        channels.check_webhook("http://127.0.0.1:notaport/")
