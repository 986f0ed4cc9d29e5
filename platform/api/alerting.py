"""Alerts: what the watch has seen, and the rules that it goes by."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Query, Router, Schema
from ninja.responses import Status

from alerts import services
from alerts.active_rules import ActiveRule
from alerts.models import Alert
from alerts.selectors import open_alerts, rules_of, visible_alerts
from api.idempotency import once
from api.paging import Order, PageOf, read_page
from api.problems import unfit
from runs.models import Experiment
from runs.selectors import visible_experiments

router = Router(tags=["Alerts"])

NEWEST_FIRST = Order(("id",), is_descending=True)


class AlertOut(Schema):
    """`kind` is the rule's; `rolled_back`: a later attempt has voided the iteration."""

    id: int
    run: UUID
    kind: str
    iteration: int
    summary: str
    asked_to_pause: bool
    created_at: datetime
    rolled_back: bool
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    page: str

    @classmethod
    def of(cls, alert: Alert) -> Self:
        names = ("id", "kind", "iteration", "summary", "asked_to_pause", "created_at", "acknowledged_at")
        return cls(
            **{name: getattr(alert, name) for name in names},
            run=alert.run_id,
            rolled_back=alert.rolled_back_at is not None,
            acknowledged_by=alert.acknowledged_by and alert.acknowledged_by.email,
            page=reverse("alert", args=[alert.id]),
        )


class AlertPage(Schema):
    items: list[AlertOut]
    next: str | None


class AlertFilter(Schema):
    run: UUID | None = None
    only_open: bool = False


class RuleOut(Schema):
    """A rule as it holds in an experiment; `options` are its numbers."""

    kind: str
    title: str
    is_on: bool
    pauses: bool
    options: dict[str, Any]

    @classmethod
    def of(cls, rule: ActiveRule) -> Self:
        return cls(
            kind=rule.kind,
            title=rule.definition.kind.label,
            is_on=rule.is_on,
            pauses=rule.pauses,
            options=dict(rule.options),
        )


class NewRule(Schema, extra="forbid"):
    """`pauses`: the run is put down after its next checkpoint. Options that are left out stay as they are."""

    is_on: bool = True
    pauses: bool = False
    options: dict[str, float | int | str | None] = {}


@router.get("/alerts", response=AlertPage)
def alerts(request: HttpRequest, page: PageOf, chosen: Annotated[AlertFilter, Query()]):
    """The alerts of your teams, newest first."""
    rows = open_alerts(request.user) if chosen.only_open else visible_alerts(request.user)
    rows = rows.filter(run=chosen.run) if chosen.run else rows
    found, following = read_page(rows, NEWEST_FIRST, page)
    return AlertPage(items=[AlertOut.of(alert) for alert in found], next=following)


@router.post("/alerts/{alert_id}/acknowledge", response={202: AlertOut})
@once
def acknowledge(request: HttpRequest, alert_id: int):
    """Say that somebody has seen to it."""
    services.acknowledge(request.user, get_object_or_404(visible_alerts(request.user), id=alert_id))
    return Status(202, AlertOut.of(visible_alerts(request.user).get(id=alert_id)))


@router.get("/experiments/{experiment_id}/rules", response=list[RuleOut])
def rules(request: HttpRequest, experiment_id: int):
    """What the watch looks for in the experiment's runs."""
    return [RuleOut.of(rule) for rule in rules_of(_experiment(request, experiment_id))]


@router.put("/experiments/{experiment_id}/rules/{kind}", response=RuleOut)
def set_rule(request: HttpRequest, experiment_id: int, kind: str, body: NewRule):
    """Change a rule of an experiment."""
    experiment = _experiment(request, experiment_id)
    known = {str(rule.kind): rule for rule in rules_of(experiment)}
    services.require_writer(request.user, experiment.team_id)
    if kind not in known:
        raise unfit("kind", kind, f"There is no such rule: give one of {', '.join(known)}.")
    options = dict(known[kind].options) | body.options
    services.set_rule(request.user, experiment, kind, is_on=body.is_on, pauses=body.pauses, options=options)
    return next(RuleOut.of(rule) for rule in rules_of(experiment) if rule.kind == kind)


def _experiment(request: HttpRequest, experiment_id: int) -> Experiment:
    return get_object_or_404(visible_experiments(request.user), id=experiment_id)
