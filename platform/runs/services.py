"""What people do to experiments and runs. Each verb checks the role first; the state of a run is `lifecycle`'s."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from flowdppo_engine.config import RunConfig
from runs import lifecycle
from runs.config_errors import check_config
from runs.models import Experiment, Priority, Run
from teams import audit
from teams.models import Team, User
from teams.selectors import may_write, teams_written_by


def require_team_to_write(user: User) -> None:
    """Raises PermissionDenied for a person who is owner or member of no team."""
    if not teams_written_by(user).exists():
        raise PermissionDenied("You may not write to any team: ask an owner to make you a member.")


def create_experiment(user: User, team: Team, name: str, description: str = "") -> Experiment:
    """An empty experiment. Raises PermissionDenied for viewers and strangers."""
    require_writer(user, team.id)
    with transaction.atomic():
        experiment = Experiment.objects.create(team=team, name=name, description=description, created_by=user)
        audit.record(user, team, "made", f"experiment “{name}”")
    return experiment


def submit_run(
    user: User,
    experiment: Experiment,
    name: str,
    recipe: str,
    config: dict,
    *,
    cloned_from: Run | None = None,
    priority: int = Priority.NORMAL,
    num_gpus: int = 1,
) -> Run:
    """Queue a run. Raises PermissionDenied, or ConfigInvalid where the configuration cannot run."""
    require_writer(user, experiment.team_id)
    checked = check_config(config)
    with transaction.atomic():
        run = queue_run(user, experiment, name, recipe, checked, cloned_from, priority, num_gpus)
        audit.record(user, experiment.team, "submitted", f"run “{name}”", f"{recipe}, {run.id}")
    return run


def queue_run(
    user: User,
    experiment: Experiment,
    name: str,
    recipe: str,
    checked: RunConfig,
    cloned_from: Run | None,
    priority: int,
    num_gpus: int,
) -> Run:
    """A run of a configuration that was checked, in the transaction of who has asked for the role and tells the log."""
    run = Run.objects.create(
        experiment=experiment,
        name=name,
        recipe=recipe,
        config=checked.model_dump(mode="json"),
        total_iterations=checked.iterations,
        created_by=user,
        cloned_from=cloned_from,
        priority=priority,
        num_gpus=num_gpus,
    )
    lifecycle.enqueue(run)
    return run


def cancel_run(user: User, run: Run) -> None:
    """Ask a run to stop; one that has ended stays as it is. Raises PermissionDenied."""
    require_writer(user, run.experiment.team_id)
    with transaction.atomic():
        lifecycle.request_cancel(run)
        audit.record(user, run.experiment.team, "asked to cancel", f"run “{run.name}”", str(run.id))


def require_writer(user: User, team_id: int) -> None:
    """Raises PermissionDenied for viewers and strangers."""
    if not may_write(user, team_id):
        raise PermissionDenied("Viewers may look, not change: ask an owner of the team to make you a member.")
