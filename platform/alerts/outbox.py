"""What channels are to be told, written in the transaction of what happened; `deliveries` takes it from here."""

import uuid
from collections.abc import Collection

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
        _send(kind, contents.of_end(run, kind), channels, run.experiment.team_id)


def note_alert(alert: Alert, run: Run) -> None:
    """`run` with its experiment and team."""
    channels = list(_wanting(EventKind.ALERT).filter(team=run.experiment.team_id))
    if channels:
        _send(EventKind.ALERT, contents.of_alert(alert, run), channels, run.experiment.team_id)


def note_mention(team_id: int, comment_id: int, people: Collection[int]) -> None:
    """To those of these people who chose to be told where they are. What they get is made when it goes out."""
    channels = list(_wanting(EventKind.MENTION).filter(user__in=people)) if people else []
    if channels:
        _send(EventKind.MENTION, contents.of_mention(comment_id), channels, team_id)


def send_test(channel: Channel) -> Delivery:
    """A message to this channel alone, also to one that is off."""
    return _send(EventKind.TEST, contents.of_test(channel), [channel], channel.team_id)[0]


def _wanting(kind: EventKind) -> QuerySet[Channel]:
    return Channel.objects.filter(is_on=True, events__contains=[kind.value])


def _send(kind: EventKind, content: dict, channels: list[Channel], team_id: int | None) -> list[Delivery]:
    event = Event(team_id=team_id, kind=kind)
    event.content = {"id": str(event.id), **content}
    event.save(force_insert=True)
    return Delivery.objects.bulk_create([Delivery(event=event, channel=channel, due_at=Now()) for channel in channels])
