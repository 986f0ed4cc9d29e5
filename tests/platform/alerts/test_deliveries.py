"""From the outbox to the channels: nothing lost, nothing blocked, and known again by its id."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from alerts import channels, deliveries, outbox, watch
from alerts.models import Channel, ChannelKind, Delivery, DeliveryState, Event, EventKind
from runs import lifecycle
from runs.models import Run, RunState
from tests.platform.alerts.receiver import Receiver

ALL = ["finished", "failed", "stopped", "alert"]


def make_webhook(lab, url: str, name: str = "hook", events: list[str] = ALL) -> Channel:
    return channels.make_channel(lab.owner, lab.team, ChannelKind.WEBHOOK, name, url, events).channel


def send_all() -> int:
    return sum(deliveries.serve(channel_id) for channel_id in deliveries.claim_channels(100))


def let_time_pass() -> None:
    """Everything that waits for its next try is due."""
    Delivery.objects.update(due_at=Now())
    Channel.objects.update(quiet_until=None)


class TestWhatIsTold:
    def test_the_end_of_a_run(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        watched.measure([1], **{"reward/mean": 0.5})
        watched.finish()
        assert send_all() == 1
        content = receiver.received[0].content
        assert content["type"] == "run.finished" and content["run"]["id"] == str(watched.id)
        assert (content["run"]["state"], content["run"]["iteration"]) == ("finished", 1)
        assert content["run"]["url"] == f"http://localhost:8000/runs/{watched.id}/"
        assert (content["team"]["name"], content["experiment"]["name"]) == ("Lab", "Thresholds")

    def test_links_are_those_of_who_sends_not_of_the_node_that_ended_the_run(self, lab, watched, receiver, settings):
        make_webhook(lab, receiver.url)
        settings.SITE_URL = "http://a-node:8000"
        watched.finish()
        settings.SITE_URL = "https://site.example.org"
        send_all()
        content = receiver.received[0].content
        assert content["run"]["url"] == f"https://site.example.org/runs/{watched.id}/"
        assert content["team"]["url"] == f"https://site.example.org/teams/{lab.team.id}/"
        assert receiver.received[0].headers["webhook-id"] == content["id"]

    def test_a_failure_with_its_hint(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        lifecycle.fail(watched._lease, "Out of cheese.", "Buy cheese.")
        send_all()
        run = receiver.received[0].content["run"]
        assert (run["state"], run["error"], run["hint"]) == ("failed", "Out of cheese.", "Buy cheese.")

    def test_a_run_that_was_stopped_with_the_reason(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        lifecycle.request_stop(watched.run, "Asked by somebody.")
        lifecycle.stopped(watched._lease)
        send_all()
        content = receiver.received[0].content
        assert (content["type"], content["run"]["reason"]) == ("run.stopped", "Asked by somebody.")

    def test_a_queued_run_that_was_stopped(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        Run.objects.update(state=RunState.QUEUED)
        lifecycle.request_stop(Run.objects.get(), "Asked by somebody.")
        assert send_all() == 1

    def test_an_alert_with_what_it_says(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        watched.measure(range(1, 6), **{"reward/zero_groups": 1.0})
        watch.look()
        send_all()
        content = receiver.received[0].content
        assert content["type"] == "alert" and content["alert"]["kind"] == "group_variance"
        assert "100 % of the groups" in content["alert"]["summary"] and content["alert"]["iteration"] == 5

    def test_only_what_a_channel_asked_for_and_only_its_own_team(self, lab, watched, receiver):
        make_webhook(lab, receiver.url, events=["failed", "alert"])
        elsewhere = lab.stranger.teams.get()
        channels.make_channel(lab.stranger, elsewhere, ChannelKind.WEBHOOK, "theirs", receiver.url, ALL)
        off = make_webhook(lab, receiver.url, "off")
        channels.change_channel(lab.owner, off, "off", ALL, is_on=False)
        watched.finish()
        assert (send_all(), receiver.received, Event.objects.count()) == (0, [], 0)

    def test_a_cancelled_run_is_nobodys_news(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        lifecycle.cancelled(watched._lease)
        assert Event.objects.count() == 0

    def test_a_message_says_it_in_words(self, lab, watched, receiver):
        address = f"gotify://127.0.0.1:{receiver.port}/app-token-1234"
        channels.make_channel(lab.owner, lab.team, ChannelKind.MESSAGE, "chat", address, ALL)
        lifecycle.fail(watched._lease, "Out of cheese.", "Buy cheese.")
        assert send_all() == 1
        said = receiver.received[0].content
        assert said["title"] == "Run failed: run (Thresholds)"
        assert "Out of cheese." in said["message"] and f"http://localhost:8000/runs/{watched.id}/" in said["message"]


class TestNothingIsLost:
    def test_an_end_that_is_undone_is_not_told(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            watched.finish()
            raise ZeroDivisionError
        assert Event.objects.count() == 0 and Run.objects.get().state == RunState.RUNNING

    def test_what_was_not_taken_is_tried_again_later_under_the_same_id(self, lab, watched, receiver):
        make_webhook(lab, receiver.url)
        receiver.status = 503
        watched.finish()
        assert send_all() == 0 and send_all() == 0
        assert len(receiver.received) == 1, "It waits before it tries again."
        receiver.status = 200
        let_time_pass()
        assert send_all() == 1
        ids = {received.headers["webhook-id"] for received in receiver.received}
        assert len(ids) == 1 and len(receiver.received) == 2
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.num_tries, delivery.status) == (DeliveryState.SENT, 2, 200)
        assert Channel.objects.get().num_failures == 0

    def test_waits_grow_and_in_the_end_it_is_given_up(self, lab, receiver):
        channel = make_webhook(lab, receiver.url)
        receiver.status = 500
        outbox.send_test(channel)
        waits = []
        for _ in range(len(deliveries.WAITS) + 3):
            let_time_pass()
            before = timezone.now()
            send_all()
            waits.append(Delivery.objects.get().due_at - before)
        delivery = Delivery.objects.get()
        assert (delivery.state, delivery.num_tries) == (DeliveryState.GIVEN_UP, len(deliveries.WAITS) + 1)
        assert len(receiver.received) == len(deliveries.WAITS) + 1
        assert all(later > sooner for sooner, later in zip(waits[:10], waits[1:10], strict=False))
        assert timedelta(days=2) < sum(deliveries.WAITS, timedelta()) < timedelta(days=3)

    def test_an_owner_can_send_again_what_was_given_up(self, lab, receiver):
        delivery = outbox.send_test(make_webhook(lab, receiver.url))
        Delivery.objects.update(state=DeliveryState.GIVEN_UP, num_tries=11)
        assert channels.send_again(lab.owner, Delivery.objects.get(id=delivery.id))
        assert send_all() == 1
        assert not channels.send_again(lab.owner, Delivery.objects.get(id=delivery.id))

    def test_a_process_that_died_while_sending_is_followed_by_another(self, lab, watched, receiver, monkeypatch):
        make_webhook(lab, receiver.url)
        watched.finish()
        (channel_id,) = deliveries.claim_channels(10)
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            # It has sent, and dies before it can say so.
            patched.setattr(deliveries, "_tried", _die)
            patched.setattr(Channel.objects, "filter", _die)
            deliveries.serve(channel_id)
        assert deliveries.claim_channels(10) == [], "It is held for a while by the one that died."
        Channel.objects.update(busy_until=Now())
        assert send_all() == 1
        assert len({received.headers["webhook-id"] for received in receiver.received}) == 1
        assert len(receiver.received) == 2

    def test_a_channel_that_is_off_keeps_what_it_has(self, lab, watched, receiver):
        channel = make_webhook(lab, receiver.url)
        watched.finish()
        channels.change_channel(lab.owner, channel, "hook", ALL, is_on=False)
        assert send_all() == 0
        channels.change_channel(lab.owner, channel, "hook", ALL, is_on=True)
        assert send_all() == 1


def _die(*_, **__):
    raise KeyboardInterrupt


class TestNothingIsBlocked:
    def test_a_channel_that_is_down_holds_up_no_other(self, lab, watched, receiver):
        with Receiver(status=500) as down:
            make_webhook(lab, down.url, "down")
            make_webhook(lab, receiver.url, "up")
            watched.finish()
            assert send_all() == 1
        assert receiver.types == ["run.finished"]

    def test_a_message_that_is_never_taken_holds_up_no_other_of_its_channel(self, lab, receiver):
        channel = make_webhook(lab, receiver.url)
        outbox.send_test(channel)
        receiver.status = 400
        send_all()
        outbox.send_test(channel)
        receiver.status = 200
        let_time_pass()
        (channel_id,) = deliveries.claim_channels(10)
        assert deliveries._next(channel_id).num_tries == 0
        assert deliveries.serve(channel_id) == 2

    def test_a_channel_is_served_by_one_at_a_time(self, lab, receiver):
        channel = make_webhook(lab, receiver.url)
        outbox.send_test(channel)
        assert (deliveries.claim_channels(10), deliveries.claim_channels(10)) == ([channel.id], [])
        deliveries.serve(channel.id)
        outbox.send_test(channel)
        assert deliveries.claim_channels(10) == [channel.id]

    def test_a_channel_that_fails_is_left_alone_longer_each_time(self, lab, receiver):
        channel = make_webhook(lab, receiver.url)
        receiver.status = 500
        quiet = []
        for _ in range(8):
            Channel.objects.update(quiet_until=None)
            outbox.send_test(channel)
            send_all()
            quiet.append(Channel.objects.get().quiet_until - timezone.now())
        assert quiet[0] < timedelta(seconds=11) and quiet[1] > timedelta(seconds=15)
        assert max(quiet) <= deliveries.LONGEST_QUIET

    def test_an_address_that_cannot_be_read_any_more_is_a_failure_with_words(self, lab, receiver, settings):
        channel = make_webhook(lab, receiver.url)
        settings.SECRET_KEY = "another one"
        outbox.send_test(channel)
        send_all()
        assert "encrypted with another SECRET_KEY" in Delivery.objects.get().error


def test_events_that_are_long_told_are_forgotten(lab, receiver):
    channel = make_webhook(lab, receiver.url)
    told, waiting = outbox.send_test(channel), outbox.send_test(channel)
    Delivery.objects.filter(id=told.id).update(state=DeliveryState.SENT)
    assert deliveries.forget_old() == 0
    Event.objects.update(created_at=Now() - deliveries.KEPT_FOR - timedelta(days=1))
    assert deliveries.forget_old() == 1
    assert list(Delivery.objects.values_list("id", flat=True)) == [waiting.id]


def test_the_end_of_a_run_costs_one_query_where_nobody_listens(watched, django_assert_num_queries):
    with django_assert_num_queries(1):
        outbox.note_end(run_id=watched.id, state=RunState.FINISHED)
    assert Event.objects.count() == 0 and EventKind.FINISHED in outbox.TOLD_ENDS.values()
    assert connection.in_atomic_block
