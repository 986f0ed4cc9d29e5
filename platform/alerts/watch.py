"""The watch: what is new of every run that may still change, judged by its experiment's rules, told exactly once.

One transaction reads, tells and remembers how far it came. So whatever dies, an alert, its evidence, its messages and
the wish to pause are there together or not at all, and the next look begins where the last one ended.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q, Value
from django.db.models.functions import Now

from alerts import telling
from alerts.active_rules import ActiveRule, reach, rules_by_experiment
from alerts.models import Kind, Watch
from alerts.rules import DEFINITIONS
from alerts.rules.no_progress import judge_still
from alerts.rules.reading import advance
from alerts.run_histories import Cursor, News, Reader, read_news
from alerts.telling import Finding
from runs.models import Attempt, Run, RunState

# What a run wrote last is looked at for this long after its end.
LOOKED_AFTER = timedelta(days=1)
ONE_AT_A_TIME = 0x0A1E47
METRICS = sorted({key for definition in DEFINITIONS.values() for key in definition.metrics})

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Look:
    """One run as it is now: the rules that are on, what was remembered of it, and what is new."""

    run: Run
    rules: list[ActiveRule]
    watch: Watch
    splice: str
    restarted_at: int | None
    """Where reading starts over: the iteration from which a later attempt goes on."""


def look() -> int:
    """Judge every run that has something new, or that should have; return how many alerts there were.

    The number of queries does not grow with the runs, but for those of an alert.
    """
    with transaction.atomic():
        if not _hold():
            return 0
        looks = _looks()
        news = read_news({one.run.id: _reader(one) for one in looks}, METRICS) if looks else {}
        looks = _undisturbed(looks)
        findings = [_judge_apart(one, news[one.run.id]) for one in looks]
        _remember(one.watch for one, found in zip(looks, findings, strict=True) if found is not None)
        return sum(found or 0 for found in findings)


def _hold() -> bool:
    """Of several processes one looks at a time, to the end of its transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        return cursor.fetchone()[0]


def _looks() -> list[Look]:
    runs = list(_changing_runs())
    rules = rules_by_experiment(run.experiment_id for run in runs)
    splices = _splices(run.id for run in runs)
    return [_look_at(run, rules[run.experiment_id], splices[run.id]) for run in runs]


def _changing_runs():
    is_behind = Q(watch=None) | ~Q(watch__event_offset=F("event_offset"))
    may_change = Q(ended_at=None) | Q(ended_at__gt=Now() - Value(LOOKED_AFTER))
    runs = Run.objects.filter(Q(state=RunState.RUNNING) | (is_behind & may_change & Q(event_offset__gt=0)))
    runs = runs.select_related("experiment__team", "watch").defer("config", "summary")
    return runs.annotate(rewards=F("config__rewards"), now=Now())


def _splices(run_ids: Iterable[UUID]) -> dict[UUID, list[tuple[int, int]]]:
    """Of each run the attempts that were rolled back, with how far each still counts."""
    found = defaultdict(list)
    rolled_back = Attempt.objects.filter(run__in=list(run_ids)).exclude(valid_until=None).order_by("number")
    for run_id, number, valid_until in rolled_back.values_list("run_id", "number", "valid_until"):
        found[run_id].append((number, valid_until))
    return found


def _look_at(run: Run, rules: list[ActiveRule], rolled_back: list[tuple[int, int]]) -> Look:
    splice = _name_of(rolled_back)
    watch = getattr(run, "watch", None) or Watch(run_id=run.id, splice=splice, progress_at=run.now)
    restarted_at = rolled_back[-1][1] if rolled_back and watch.splice != splice else None
    return Look(run, [rule for rule in rules if rule.is_on], watch, splice, restarted_at)


def _undisturbed(looks: list[Look]) -> list[Look]:
    """Without the runs that were rolled back while their news were read: they come next time."""
    now = _splices(one.run.id for one in looks)
    return [one for one in looks if _name_of(now[one.run.id]) == one.splice]


def _name_of(rolled_back: list[tuple[int, int]]) -> str:
    return ".".join(f"{number}-{valid_until}" for number, valid_until in rolled_back)


def _reader(one: Look) -> Reader:
    is_over = one.restarted_at is not None
    return Reader(
        Cursor() if is_over else Cursor(one.watch.point_id, one.watch.evaluation_id),
        reach(one.rules, "num_iterations", at_least=1),
        reach(one.rules, "num_evaluations", at_least=1),
        telling.weights_of(one.run.rewards),
    )


def _judge_apart(one: Look, news: News) -> int | None:
    """A run that cannot be judged is logged, and looked at again next time; the others do not wait for it."""
    try:
        with transaction.atomic():
            if one.restarted_at is not None:
                telling.roll_back(one.run, one.restarted_at)
            found = [*_judge_news(one, news), *_judge_progress(one)]
            num_told = sum(telling.tell(one.run, finding) for finding in found)
    except Exception:
        logger.exception("Run %s: its rules could not be judged.", one.run.id)
        return None
    one.watch.event_offset, one.watch.splice = one.run.event_offset, one.splice
    one.watch.point_id, one.watch.evaluation_id = news.cursor.point_id, news.cursor.evaluation_id
    return num_told


def _judge_news(one: Look, news: News) -> list[Finding]:
    """Iteration by iteration, so that it does not matter how often the watch looks.

    After a rollback the levels are those at the iteration that the run goes on from: what came before it is read
    again for them, and was told then.
    """
    judged = [rule for rule in one.rules if rule.definition.judge]
    start = {} if one.restarted_at is not None else one.watch.told
    told = {rule.kind: start.get(rule.kind) for rule in judged}
    found = []
    for iteration in news.iterations:
        for rule in judged:
            reading = rule.definition.judge(news.history, iteration, rule.options)
            if reading is None:
                continue
            told[rule.kind], is_news = advance(told[rule.kind], reading.ratio)
            if is_news and (one.restarted_at is None or iteration > one.restarted_at):
                found.append(Finding(rule, reading, iteration, iteration, told[rule.kind]))
    one.watch.told = {**told, Kind.NO_PROGRESS.value: one.watch.told.get(Kind.NO_PROGRESS.value)}
    return found


def _judge_progress(one: Look) -> list[Finding]:
    run, watch = one.run, one.watch
    progress = f"{run.num_attempts}/{run.state}/{run.phase}/{run.phase_done}/{run.iteration}/{run.step}"
    kind = Kind.NO_PROGRESS.value
    rule = next((rule for rule in one.rules if rule.kind == kind), None)
    if progress != watch.progress or rule is None or run.state != RunState.RUNNING:
        watch.progress, watch.progress_at, watch.told[kind] = progress, run.now, None
        return []
    reading = judge_still(_minutes(watch.progress_at, run.now), run.phase, rule.options)
    watch.told[kind], is_news = advance(watch.told.get(kind), reading.ratio)
    mark = int(watch.progress_at.timestamp())
    return [Finding(rule, reading, run.iteration, mark, watch.told[kind])] if is_news else []


def _minutes(start: datetime, end: datetime) -> float:
    return (end - start).total_seconds() / 60


def _remember(watches: Iterable[Watch]) -> None:
    columns = [field.name for field in Watch._meta.concrete_fields if not field.primary_key]
    Watch.objects.bulk_create(watches, update_conflicts=True, unique_fields=["run"], update_fields=columns)
