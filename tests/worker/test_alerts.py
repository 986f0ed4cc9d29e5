"""Housekeeping as a process of its own: it watches, sends, and may die between the two."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from alerts import channels, own_channels, watch
from alerts.models import Alert, Channel, ChannelKind, Delivery, DeliveryState, Event, Kind, Rule, Watch
from comments.services import add_comment
from comments.subjects import find_subject
from flowdppo_engine.training.stopping import StopFile
from runs.models import Experiment, RunState
from teams.models import Role
from teams.services import create_team, create_user, set_role
from tests.platform.alerts.addresses import make_channel
from tests.platform.alerts.mail_server import MailServer
from tests.platform.alerts.receiver import Receiver
from tests.platform.alerts.watched_run import WatchedRun
from tests.worker.conftest import folder_of, let_go, wait_for, wait_for_state, wait_until_held
from worker.app import app


@pytest.fixture
def receiver(settings, monkeypatch):
    settings.MESSAGE_HOSTS = "127.0.0.1:*"
    monkeypatch.setenv("FLOWDPPO_MESSAGE_HOSTS", settings.MESSAGE_HOSTS)
    # The process has a data folder of its own, and would make itself a key there.
    monkeypatch.setenv("SECRET_KEY", settings.SECRET_KEY)
    with Receiver() as server:
        yield server


@pytest.fixture
def experiment(transactional_db, receiver) -> Experiment:
    owner = create_user("owner@example.org", "a long one, for tests")
    team = create_team("Lab", owner)
    channels.make_channel(owner, team, ChannelKind.WEBHOOK, "hook", receiver.url, ["alert"])
    return Experiment.objects.create(team=team, name="Watched")


def collapse(experiment: Experiment, name: str) -> WatchedRun:
    """A run whose groups have no signal."""
    run = WatchedRun(experiment, name)
    run.measure(range(1, 6), **{"reward/zero_groups": 1.0})
    return run


def test_a_message_survives_the_death_of_who_sends_it_and_a_hanging_channel_holds_up_nothing(
    workers, experiment, receiver
):
    collapse(experiment, "first")
    first = workers.start("housekeeping")
    app.send_task("worker.watch_runs")
    wait_for(Delivery.objects.exists, "an alert's message in the outbox")

    receiver.go.clear()
    app.send_task("worker.send_messages")
    wait_for(lambda: receiver.received, "the message to arrive")
    # It hangs, and the same process goes on with everything else.
    collapse(experiment, "second")
    app.send_task("worker.watch_runs")
    wait_for(lambda: Alert.objects.count() == 2, "the other run's alert")

    first.kill()
    first.wait()
    receiver.go.set()
    assert Delivery.objects.filter(state=DeliveryState.SENT).count() == 0
    Channel.objects.update(busy_until=Now())
    workers.start("housekeeping")
    app.send_task("worker.send_messages")
    wait_for(lambda: Delivery.objects.filter(state=DeliveryState.SENT).count() == 2, "both messages to be sent")
    names = [received.content["run"]["name"] for received in receiver.received]
    ids = {received.headers["webhook-id"] for received in receiver.received}
    assert sorted(names) == ["first", "first", "second"] and len(ids) == 2
    assert Alert.objects.count() == 2


def test_a_mention_reaches_a_mailbox(workers, experiment, settings, monkeypatch):
    settings.HAS_MAIL = True
    author, reader = (create_user(f"{name}@example.org", "a long one, for tests") for name in ("author", "reader"))
    for person in (author, reader):
        set_role(experiment.team, person, Role.MEMBER)
    own_channels.choose_mail(reader)
    run = WatchedRun(experiment, "first")
    with MailServer() as server:
        monkeypatch.setenv("EMAIL_URL", f"smtp://127.0.0.1:{server.port}")
        add_comment(author, find_subject(author, str(run.id)), "Hands, @reader?")
        workers.start("housekeeping")
        app.send_task("worker.send_messages")
        wait_for(Delivery.objects.filter(state=DeliveryState.SENT).exists, "the mail to be sent")
    (mail,) = server.received
    assert (mail["To"], mail["Subject"]) == ("reader@example.org", "author mentioned you: first (Lab)")
    assert mail.get_content().startswith("Hands, @reader?\n")


def test_a_run_that_hangs_is_told_of_and_put_down_at_its_next_checkpoint(workers, submit):
    run = submit()
    Rule.objects.create(experiment=run.experiment, kind=Kind.NO_PROGRESS, pauses=True, options={"minutes": 30})
    make_channel(run.experiment.team, events=["alert", "stopped"])
    workers.start("runs", hold_at=6)
    wait_until_held(run)

    def is_told() -> bool:
        watch.look()
        Watch.objects.update(progress_at=Now() - timedelta(minutes=31))
        return watch.look() == 1

    wait_for(is_told, "the watch to tell of it")
    wait_for(lambda: StopFile(folder_of(run)).is_there, "the engine to be told")
    let_go(run)
    wait_for_state(run, RunState.STOPPED)
    assert "Alert: No progress. Nothing has moved for 31 minutes" in run.stop_reason
    assert list(Event.objects.order_by("created_at").values_list("kind", flat=True)) == ["alert", "stopped"]
    assert run.checkpoints.filter(iteration=run.iteration).exists()
