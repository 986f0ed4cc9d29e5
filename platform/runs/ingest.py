"""From the engine's event stream into the tables: a batch of events and its place in the file in one transaction."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q

from flowdppo_engine import events
from runs import points, summaries
from runs.lifecycle import Lease, LeaseLost
from runs.models import Attempt, Checkpoint, Evaluation, LogLine, Run, RunState, Sample


@dataclass(frozen=True)
class Batch:
    """Events of one attempt, in order, with the bytes of events.jsonl that they came from."""

    events: Sequence[events.Event]
    start: int
    end: int


def store(lease: Lease, attempt: Attempt, batch: Batch) -> None:
    """Store a batch that `attempt` wrote, exactly once.

    `attempt` is the lease's own, or an earlier one whose last events nobody had read. Raises LeaseLost, and writes
    nothing, where the lease no longer holds or the batch does not start where the tables end.
    """
    with transaction.atomic():
        held = Run.objects.filter(
            id=lease.run_id, lease_token=lease.token, state=RunState.RUNNING, event_offset=batch.start
        )
        columns = _progress(batch.events) | summaries.with_last_values(batch.events)
        if not held.update(event_offset=batch.end, **columns):
            raise LeaseLost(lease)
        for event in batch.events:
            if isinstance(event, events.Resumed | events.Started):
                _roll_back(attempt, event)
        _insert(attempt, batch.events)
        if summaries.is_made_anew(batch.events):
            summaries.refresh(attempt.run_id)


def _progress(batch: Iterable[events.Event]) -> dict:
    """The columns of the run that show where it stands, after these events."""
    columns: dict = {}
    for event in batch:
        match event:
            case events.Started():
                columns |= {"total_iterations": event.total_iterations, "num_latent_dims": event.num_latent_dims}
                columns |= {"iteration": 0, "step": 0}
            case events.Metrics() | events.Resumed() | events.Finished():
                columns |= {"iteration": event.iteration, "step": event.step}
            case events.Phase():
                columns |= {"phase": event.phase, "phase_done": event.done, "phase_total": event.total}
                columns |= {"phase_unit": event.unit, "seconds_left": _finite(event.seconds_left)}
    return columns


def _roll_back(attempt: Attempt, event: events.Resumed | events.Started) -> None:
    """Of earlier attempts nothing counts past the iteration resumed from; after a fresh start, nothing at all."""
    is_resumed = isinstance(event, events.Resumed)
    valid_until = event.iteration if is_resumed else -1
    Attempt.objects.filter(
        Q(valid_until=None) | Q(valid_until__gt=valid_until), run_id=attempt.run_id, number__lt=attempt.number
    ).update(valid_until=valid_until)
    if is_resumed:
        Attempt.objects.filter(id=attempt.id).update(resumed_from=event.iteration)


def _insert(attempt: Attempt, batch: Sequence[events.Event]) -> None:
    points.insert(attempt, (event for event in batch if isinstance(event, events.Metrics)))
    rows: dict = {model: [] for model in (Sample, Checkpoint, Evaluation, LogLine)}
    removed: list[str] = []
    for event in batch:
        for row in _rows(event, {"run_id": attempt.run_id, "attempt_id": attempt.id}):
            rows[type(row)].append(row)
        if isinstance(event, events.Checkpoint | events.Best):
            removed += event.removed
    reached = max((event.iteration for event in batch if isinstance(event, events.Metrics)), default=None)
    if reached is not None:
        Attempt.objects.filter(id=attempt.id).update(reached=reached)
    for model, new in rows.items():
        # An engine that says a thing twice must not stop the stream.
        model.objects.bulk_create(new, ignore_conflicts=True)
    Checkpoint.objects.filter(run_id=attempt.run_id, path__in=removed).update(removed=True)
    rankings = [event for event in batch if isinstance(event, events.Best)]
    if rankings:
        _rank(attempt, rankings[-1])


def _rank(attempt: Attempt, best: events.Best) -> None:
    """Mark the checkpoints that are kept for their score, and no others of the run."""
    checkpoints = Checkpoint.objects.filter(run_id=attempt.run_id)
    checkpoints.exclude(place=None).update(place=None, ranked_by="", ranked_mean=None)
    for place, ranked in enumerate(best.checkpoints, 1):
        # An iteration that several attempts came to has a row of each; the newest has the files.
        newest = checkpoints.filter(path=ranked.path).order_by("-attempt__number").values("id")[:1]
        checkpoints.filter(id__in=newest).update(
            place=place, ranked_by=f"{best.score} on {best.prompt_set}", ranked_mean=ranked.mean
        )


def _rows(event: events.Event, owner: dict) -> list:
    """The rows that an event becomes, metrics aside; none for types that this version does not know."""
    match event:
        case events.Samples():
            at = owner | {"iteration": event.iteration, "step": event.step}
            return [Sample(**at, **_finite(sample.model_dump())) for sample in event.samples]
        case events.Checkpoint():
            at = owner | {"iteration": event.iteration, "step": event.step}
            return [Checkpoint(**at, path=event.path, num_bytes=event.num_bytes)]
        case events.Evaluation():
            return [Evaluation(**owner, **_finite(event.model_dump(exclude={"type", "seq", "time"})))]
        case events.Log():
            time = datetime.fromtimestamp(event.time, UTC)
            return [LogLine(**owner, seq=event.seq, time=time, level=event.level, message=event.message)]
    return []


def _finite(value):
    """JSON columns have no NaN and no infinity: null stands for them."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
