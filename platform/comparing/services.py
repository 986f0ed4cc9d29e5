"""What people do to saved comparisons. Each verb checks the role first."""

from django.db import transaction

from comparing.contents import read_content, shown_refs
from comparing.looking import Looking
from comparing.models import Comparison
from comparing.rows import Rows
from pictures.keeping import keep_shown
from pictures.policies import find_policies
from pictures.refs import find_pictures
from runs.models import Experiment
from runs.services import require_writer
from teams import audit
from teams.models import Team, User

LONGEST_NAME = Comparison._meta.get_field("name").max_length
LONGEST_NOTES = 20_000


class ComparisonInvalid(ValueError):
    """What cannot be saved; the message says why."""


def save_comparison(user: User, name: str, notes: str, looking: Looking) -> Comparison:
    """Keep what is on the screen for the team that it is of: pictures of the playground among it stay from now on.

    Raises PermissionDenied or ComparisonInvalid.
    """
    team = team_of(user, looking)
    require_writer(user, team.id)
    name, notes = _check(name, notes)
    with transaction.atomic():
        comparison = Comparison.objects.create(
            team=team, name=name, notes=notes, query=looking.as_query(), created_by=user
        )
        _keep_pictures(team, looking)
        audit.record(user, team, "saved", f"comparison “{name}”", str(comparison.id))
    return comparison


def change_comparison(
    user: User, comparison: Comparison, name: str, notes: str, looking: Looking | None = None
) -> None:
    """Another name, other notes, and with `looking` it shows something else of the same team from now on.

    Raises PermissionDenied or ComparisonInvalid.
    """
    require_writer(user, comparison.team_id)
    if looking and team_of(user, looking) != comparison.team:
        raise ComparisonInvalid(f"It would show what is not of the team {comparison.team}: save it as a new one.")
    comparison.name, comparison.notes = _check(name, notes)
    comparison.query = looking.as_query() if looking else comparison.query
    with transaction.atomic():
        comparison.save(update_fields=["name", "notes", "query"])
        if looking:
            _keep_pictures(comparison.team, looking)
        audit.record(user, comparison.team, "changed", f"comparison “{comparison.name}”", str(comparison.id))


def delete_comparison(user: User, comparison: Comparison) -> None:
    """The pictures stay. Raises PermissionDenied."""
    require_writer(user, comparison.team_id)
    with transaction.atomic():
        audit.record(user, comparison.team, "deleted", f"comparison “{comparison.name}”", str(comparison.id))
        comparison.delete()


def team_of(user: User, looking: Looking) -> Team:
    """The one team whose pictures and runs these are. Raises ComparisonInvalid."""
    policies = find_policies(user, looking.policies)
    pictures = find_pictures(user, looking.items)
    if len(policies) < len(looking.policies) or len(pictures) < len(looking.items):
        raise ComparisonInvalid("Some of it is not there any more: take out what is missing, then save.")
    if not policies and not pictures:
        raise ComparisonInvalid("Nothing is compared yet: add a checkpoint, then save.")
    runs = {row.run_id for row in pictures.values() if row.run_id} | {ref.run_id for ref in policies}
    teams = {row.team_id for row in pictures.values() if row.run_id is None}
    teams |= set(Experiment.objects.filter(runs__in=runs).order_by().values_list("team_id", flat=True).distinct())
    if len(teams) > 1:
        raise ComparisonInvalid("It shows pictures of several teams: save what is of one team.")
    return Team.objects.get(id=teams.pop())


def _keep_pictures(team: Team, looking: Looking) -> None:
    rows = Rows.of_team(team)
    keep_shown(rows.drawings, shown_refs(read_content(rows, looking)))


def _check(name: str, notes: str) -> tuple[str, str]:
    name, notes = name.strip(), notes.strip()
    if not name:
        raise ComparisonInvalid("Name is empty: say in a few words what is compared.")
    if len(name) > LONGEST_NAME:
        raise ComparisonInvalid(f"Name has {len(name)} letters: at most {LONGEST_NAME} are kept.")
    if len(notes) > LONGEST_NOTES:
        raise ComparisonInvalid(f"Notes have {len(notes)} letters: at most {LONGEST_NOTES} are kept.")
    return name, notes
