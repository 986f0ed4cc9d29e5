"""An alert with all that belongs to it: its evidence, the wish to pause the run, and the messages about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import Max
from django.db.models.functions import Now

from alerts import outbox
from alerts.active_rules import ActiveRule
from alerts.evidence import find_evidence
from alerts.models import Alert, Evidence, Kind
from alerts.rules.reading import Reading
from runs import lifecycle
from runs.models import Attempt, Run


@dataclass(frozen=True)
class Finding:
    """A rule that holds at a new level. `mark` as in Alert."""

    rule: ActiveRule
    reading: Reading
    iteration: int
    mark: int
    level: int


def tell(run: Run, finding: Finding) -> bool:
    """Tell of it, unless that was done. An alert that was rolled back, and comes again, stands again in silence."""
    if _stands_again(run, finding):
        return False
    alert, is_new = Alert.objects.get_or_create(
        run=run,
        kind=finding.rule.kind,
        mark=finding.mark,
        level=finding.level,
        defaults=_shown(finding),
    )
    if not is_new:
        return False
    _attach_evidence(alert, run, finding)
    if finding.rule.pauses:
        reason = f"Alert: {alert.get_kind_display()}. {alert.summary}"
        alert.asked_to_pause = lifecycle.request_stop(run, reason)
        alert.save(update_fields=["asked_to_pause"])
    outbox.note_alert(alert, run)
    return True


def roll_back(run: Run, iteration: int) -> None:
    """What came after `iteration` was voided by a later attempt, and so were the alerts that it gave."""
    past = Alert.objects.filter(run=run, iteration__gt=iteration, rolled_back_at=None)
    past.exclude(kind=Kind.NO_PROGRESS).update(rolled_back_at=Now())


def weights_of(rewards: Iterable[Mapping]) -> dict[str, float]:
    """By the name that a reward is logged under: see RewardOptions.logged_as."""
    return {reward.get("label") or reward["name"]: reward["weight"] for reward in rewards or []}


def _stands_again(run: Run, finding: Finding) -> bool:
    """In a stretch of the run that was done again the rule holds again, perhaps an iteration sooner or later."""
    before = Alert.objects.filter(run=run, kind=finding.rule.kind, level=finding.level)
    alert = before.exclude(rolled_back_at=None).order_by("-iteration").first()
    if alert is None or finding.iteration > _done_before(run):
        return False
    for name, value in {**_shown(finding), "mark": finding.mark, "rolled_back_at": None}.items():
        setattr(alert, name, value)
    alert.save()
    alert.evidence.all().delete()
    _attach_evidence(alert, run, finding)
    return True


def _done_before(run: Run) -> int:
    """How far attempts had come that were rolled back."""
    rolled_back = Attempt.objects.filter(run=run).exclude(valid_until=None)
    return rolled_back.aggregate(furthest=Max("reached"))["furthest"] or 0


def _shown(finding: Finding) -> dict:
    reading = finding.reading
    return {
        "iteration": finding.iteration,
        "since": reading.since,
        "summary": reading.summary,
        "curves": list(reading.curves),
    }


def _attach_evidence(alert: Alert, run: Run, finding: Finding) -> None:
    weights = weights_of(run.rewards)
    pairs = find_evidence(run, Kind(finding.rule.kind), finding.iteration, finding.reading.since, weights)
    Evidence.objects.bulk_create(
        [Evidence(alert=alert, now=pair.now, then=pair.then, place=place) for place, pair in enumerate(pairs)]
    )
