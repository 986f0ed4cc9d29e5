"""What people do to alerts and rules; channels have `alerts.channels`."""

from collections import Counter
from collections.abc import Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from alerts.models import Alert, Rule
from alerts.rules import DEFINITIONS
from alerts.rules.reading import Option
from runs.models import Experiment
from runs.services import require_writer
from teams import audit
from teams.models import User
from teams.selectors import teams_written_by


class OptionsRefused(ValueError):
    """By option what is wrong with its value."""

    def __init__(self, problems: Mapping[str, str]):
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


@transaction.atomic
def acknowledge(user: User, alert: Alert) -> bool:
    """Say that somebody has seen to it; the first one counts. Raises PermissionDenied for viewers and strangers."""
    team = alert.run.experiment.team
    require_writer(user, team.id)
    unseen = Alert.objects.filter(id=alert.id, acknowledged_at=None)
    if not unseen.update(acknowledged_at=timezone.now(), acknowledged_by=user):
        return False
    audit.record(user, team, "acknowledged", f"alert “{alert.get_kind_display()}”", f"run “{alert.run.name}”")
    return True


@transaction.atomic
def acknowledge_all(user: User, alerts: QuerySet[Alert]) -> int:
    """The same for many at once; those of teams in which the person only looks stay as they are. Returns how many."""
    teams = teams_written_by(user)
    unseen = alerts.filter(acknowledged_at=None, run__experiment__team__in=teams)
    by_team = Counter(unseen.order_by().values_list("run__experiment__team", flat=True))
    Alert.objects.filter(id__in=list(unseen.values_list("id", flat=True))).update(
        acknowledged_at=timezone.now(), acknowledged_by=user
    )
    for team in teams.filter(id__in=by_team):
        audit.record(user, team, "acknowledged", f"{by_team[team.id]} alerts")
    return by_team.total()


@transaction.atomic
def set_rule(user: User, experiment: Experiment, kind: str, *, is_on: bool, pauses: bool, options: Mapping) -> Rule:
    """Change a rule for the runs of an experiment, from the next look on. Raises PermissionDenied, OptionsRefused."""
    require_writer(user, experiment.team_id)
    definition = DEFINITIONS[kind]
    problems, checked = {}, {}
    for option in definition.options:
        try:
            checked[option.name] = check_option(option, options.get(option.name, option.default))
        except ValueError as error:
            problems[option.name] = str(error)
    if problems:
        raise OptionsRefused(problems)
    rule, _ = Rule.objects.update_or_create(
        experiment=experiment, kind=kind, defaults={"is_on": is_on, "pauses": pauses, "options": checked}
    )
    words = "off" if not is_on else "on, pauses the run" if pauses else "on"
    audit.record(user, experiment.team, "set alert rule", f"“{definition.kind.label}”", f"{experiment.name}: {words}")
    return rule


@transaction.atomic
def reset_rule(user: User, experiment: Experiment, kind: str) -> None:
    """Back to the defaults. Raises PermissionDenied."""
    require_writer(user, experiment.team_id)
    if Rule.objects.filter(experiment=experiment, kind=kind).delete()[0]:
        label = DEFINITIONS[kind].kind.label
        audit.record(user, experiment.team, "reset alert rule", f"“{label}”", experiment.name)


def check_option(option: Option, value) -> float | int | str | None:
    """The value as it is kept. Raises ValueError that names the option, the value and the remedy."""
    if option.choices:
        if value not in dict(option.choices):
            raise ValueError(
                f"{option.label} = {value!r} is not among the choices: {', '.join(dict(option.choices))}."
            )
        return value
    if value in (None, ""):
        if option.is_optional:
            return None
        raise ValueError(f"{option.label} is empty: give a number, such as {option.default:g}.")
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(
            f"{option.label} = {value!r} is no number: give one such as {option.default or 1:g}."
        ) from None
    if not option.least <= number <= option.most:
        raise ValueError(f"{option.label} = {number:g}: give {option.least:g} to {option.most:g}.")
    if option.is_whole and number != int(number):
        raise ValueError(f"{option.label} = {number:g}: give a whole number.")
    return int(number) if option.is_whole else number
