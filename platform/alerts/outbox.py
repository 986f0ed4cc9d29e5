"""What channels are to be told, written in the transaction of what happened; `deliveries` takes it from here."""

import uuid

from django.db.models import QuerySet
from django.db.models.functions import Now

from alerts import contents
from alerts.models import Alert, Channel, Delivery, Event, EventKind
from runs.models import Run, RunState

TOLD_ENDS = {
    RunState.FINISHED: EventKind.FINISHED,
    RunState.FAILED: EventKind.FAILED,
    RunState.STOPPED: EventKind.STOPPED,
}


def note_end(run_id: uuid.UUID, state: RunState, **_) -> None:
    """Receiver of `runs.signals.run_ended`."""
    kind = TOLD_ENDS.get(state)
    if kind is None:
        return
    channels = list(_wanting(kind).filter(team__experiments__runs=run_id))
    if channels:
        run = Run.objects.select_related("experiment__team").defer("config").get(id=run_id)
        _send(kind, contents.of_end(run, kind), channels)


def note_alert(alert: Alert, run: Run) -> None:
    """`run` with its experiment and team."""
    channels = list(_wanting(EventKind.ALERT).filter(team=run.experiment.team_id))
    if channels:
        _send(EventKind.ALERT, contents.of_alert(alert, run), channels)


def send_test(channel: Channel) -> Delivery:
    """A message to this channel alone, also to one that is off."""
    return _send(EventKind.TEST, contents.of_test(channel), [channel])[0]


def _wanting(kind: EventKind) -> QuerySet[Channel]:
    return Channel.objects.filter(is_on=True, events__contains=[kind.value])


def _send(kind: EventKind, content: dict, channels: list[Channel]) -> list[Delivery]:
    event = Event(team_id=channels[0].team_id, kind=kind)
    event.content = {"id": str(event.id), **content}
    event.save(force_insert=True)
    return Delivery.objects.bulk_create([Delivery(event=event, channel=channel, due_at=Now()) for channel in channels])
