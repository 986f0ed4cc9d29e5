"""From the engine's event stream into the tables: a batch of events and its place in the file in one transaction."""

import json
from collections.abc import Sequence

from django.db import transaction

from flowdppo_engine import events
from jobs import drawn
from jobs.lifecycle import Lease, LeaseLost, write_fenced
from jobs.models import TAKEN_UP, Job, Told
from runs.ingest import Batch

MAX_LOG_LINES = 200
# What says how the job went, not what came of it; the end is the worker's to judge.
NOT_KEPT = (events.Phase, events.Finished, events.Failed, events.UnknownEvent, events.Drawn)
# What a next attempt must know of.
WORK = (events.Drawn, events.Evaluation)


@transaction.atomic
def store(lease: Lease, batch: Batch) -> None:
    """Store a batch exactly once. Raises LeaseLost, and writes nothing, where the lease no longer holds or the batch
    does not start where the row ends.
    """
    write_fenced(lease)
    job = Job.objects.get(id=lease.job_id)
    if job.event_offset != batch.start:
        raise LeaseLost(lease)
    result = merge(job.result, batch.events)
    columns = _progress(batch.events)
    work = [event for event in batch.events if isinstance(event, WORK)]
    if work and job.kind in TAKEN_UP:
        drawn.hang(job, [event for event in work if isinstance(event, events.Drawn)])
        Told.objects.bulk_create(Told(job=job, line=event.model_dump_json()) for event in work)
        # It gets ahead: only deaths in a row, without a picture between them, are too many.
        columns["num_lost"] = 0
    write_fenced(lease, event_offset=batch.end, result=result, **columns)


def merge(result: dict, some: Sequence[events.Event]) -> dict:
    """The bodies of the events so far, by their type, in order; of the log, the newest lines."""
    merged = {kind: list(bodies) for kind, bodies in result.items()}
    for event in some:
        if not isinstance(event, NOT_KEPT):
            merged.setdefault(event.type, []).append(_body(event))
    if "log" in merged:
        merged["log"] = merged["log"][-MAX_LOG_LINES:]
    return merged


def _body(event: events.Event) -> dict:
    """JSON columns have no NaN and no infinity: they stay the texts that the stream has for them.

    The values of each prompt are with the pictures.
    """
    left_out: dict = {"type": True, "seq": True, "time": True}
    if isinstance(event, events.Evaluation):
        left_out["scores"] = {"__all__": {"per_prompt"}}
    return json.loads(event.model_dump_json(exclude=left_out))


def _progress(some: Sequence[events.Event]) -> dict:
    columns: dict = {}
    for event in some:
        if isinstance(event, events.Phase):
            columns = {"phase": event.phase, "phase_done": event.done, "phase_total": event.total}
            columns |= {"phase_unit": event.unit, "seconds_left": event.seconds_left}
    return columns
