"""What people do to alerts and rules: who may, what is refused, and that it is noted."""

import pytest
from django.core.exceptions import PermissionDenied

from alerts import selectors, services
from alerts.models import Alert, Kind, Rule
from alerts.rules import DEFINITIONS
from runs.models import Run
from teams.models import AuditEntry
from tests.platform.lab import add_run


def add_alert(run: Run, mark: int = 1, **fields) -> Alert:
    fields = {"kind": Kind.KL_BUDGET, "iteration": mark, "level": 0, "since": 0, "summary": "Too far.", **fields}
    return Alert.objects.create(run=run, mark=mark, **fields)


def rule_of(lab, kind: str):
    return next(rule for rule in selectors.rules_of(lab.experiment) if rule.kind == kind)


def test_a_new_experiment_has_every_rule_and_only_the_budget_is_off(lab):
    rules = selectors.rules_of(lab.experiment)
    assert [rule.kind for rule in rules] == list(DEFINITIONS) and Rule.objects.count() == 0
    assert [rule.kind for rule in rules if not rule.is_on] == [Kind.KL_BUDGET]
    assert all(rule.is_default and not rule.pauses for rule in rules)


def test_a_rule_that_was_set_holds_and_can_be_reset(lab):
    services.set_rule(
        lab.member, lab.experiment, Kind.NO_PROGRESS, is_on=True, pauses=True, options={"minutes": "12.5"}
    )
    rule = rule_of(lab, Kind.NO_PROGRESS)
    assert (rule.options, rule.pauses, rule.is_default) == ({"minutes": 12.5}, True, False)
    services.reset_rule(lab.member, lab.experiment, Kind.NO_PROGRESS)
    assert rule_of(lab, Kind.NO_PROGRESS).options == {"minutes": 30}
    verbs = list(AuditEntry.objects.filter(team=lab.team).order_by("id").values_list("verb", flat=True))
    assert verbs[-2:] == ["set alert rule", "reset alert rule"]


def test_options_that_a_version_does_not_know_are_the_defaults(lab):
    Rule.objects.create(experiment=lab.experiment, kind=Kind.KL_BUDGET, options={"budget": 7, "of_old": 1})
    assert rule_of(lab, Kind.KL_BUDGET).options == {**DEFINITIONS[Kind.KL_BUDGET].defaults, "budget": 7}


@pytest.mark.parametrize(
    "kind, option, value, problem",
    [
        (Kind.NO_PROGRESS, "minutes", "soon", "Nothing moved for = 'soon' is no number: give one such as 30"),
        (Kind.NO_PROGRESS, "minutes", "", "Nothing moved for is empty"),
        (Kind.NO_PROGRESS, "minutes", 0, "Nothing moved for = 0: give 1 to 10000"),
        (Kind.NO_PROGRESS, "minutes", "nan", "Nothing moved for = nan: give 1 to 10000"),
        (Kind.NO_PROGRESS, "minutes", "1e999", "Nothing moved for = inf: give 1 to 10000"),
        (Kind.REWARD_HACKING, "num_evaluations", 2.5, "Over the last = 2.5: give a whole number"),
        (Kind.KL_BUDGET, "metric", "reward/mean", "Measured as = 'reward/mean' is not among the choices"),
    ],
)
def test_options_that_cannot_be_are_refused_with_the_remedy(lab, kind, option, value, problem):
    with pytest.raises(services.OptionsRefused, match=problem) as caught:
        services.set_rule(lab.member, lab.experiment, kind, is_on=True, pauses=False, options={option: value})
    assert set(caught.value.problems) == {option} and Rule.objects.count() == 0


def test_what_may_be_left_out_may_be_empty(lab):
    services.set_rule(
        lab.member, lab.experiment, Kind.REWARD_HACKING, is_on=True, pauses=False, options={"quality_fall": ""}
    )
    assert rule_of(lab, Kind.REWARD_HACKING).options["quality_fall"] is None


@pytest.mark.parametrize("person", ["viewer", "stranger"])
def test_viewers_and_strangers_change_nothing(lab, person):
    user, alert = getattr(lab, person), add_alert(add_run(lab.experiment))
    for deed in (
        lambda: services.acknowledge(user, alert),
        lambda: services.reset_rule(user, lab.experiment, Kind.KL_BUDGET),
        lambda: services.set_rule(user, lab.experiment, Kind.KL_BUDGET, is_on=True, pauses=False, options={}),
    ):
        with pytest.raises(PermissionDenied):
            deed()


def test_the_first_who_sees_to_an_alert_is_remembered(lab):
    alert = add_alert(add_run(lab.experiment))
    assert services.acknowledge(lab.member, alert) and not services.acknowledge(lab.owner, alert)
    alert.refresh_from_db()
    assert alert.acknowledged_by == lab.member and not alert.is_open
    assert AuditEntry.objects.filter(team=lab.team, verb="acknowledged").count() == 1


def test_many_are_seen_to_at_once_but_only_where_the_person_may_write(lab):
    shown = [add_alert(add_run(lab.experiment), mark) for mark in (1, 2)]
    theirs = add_alert(Run.objects.get(experiment__name="Theirs"))
    everything = Alert.objects.all()
    assert [services.acknowledge_all(user, everything) for user in (lab.viewer, lab.member, lab.owner)] == [0, 2, 0]
    assert {alert.acknowledged_by for alert in Alert.objects.filter(id__in=[one.id for one in shown])} == {lab.member}
    assert Alert.objects.get(id=theirs.id).is_open
    assert AuditEntry.objects.get(team=lab.team, verb="acknowledged").object == "2 alerts"


def test_what_is_open_counts_for_the_team_alone(lab):
    run = add_run(lab.experiment)
    seen = add_alert(run, 1)
    add_alert(run, 2)
    Alert.objects.filter(id=add_alert(run, 3).id).update(rolled_back_at=seen.created_at)
    services.acknowledge(lab.member, seen)
    assert [selectors.count_open(user) for user in (lab.viewer, lab.owner, lab.stranger)] == [1, 1, 0]
    assert selectors.visible_alerts(lab.viewer).count() == 3


def test_many_are_not_counted_to_the_end(lab):
    run = add_run(lab.experiment)
    Alert.objects.bulk_create(
        [Alert(run=run, kind=Kind.KL_BUDGET, iteration=at, mark=at, level=0, since=0, summary="") for at in range(150)]
    )
    assert selectors.count_open(lab.viewer) == 100
