"""What people do to experiments and runs. Each verb checks the role first; the state of a run is `lifecycle`'s."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from catalog.models import Version
from catalog.uses import record_uses
from flowdppo_engine.config import RunConfig
from runs import continuing, lifecycle, starting_points
from runs.config_errors import check_config
from runs.continuing import NotPossible
from runs.models import Checkpoint, Experiment, Priority, Run, RunState
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
    picked: Iterable[Version] = (),
) -> Run:
    """Queue a run. Raises PermissionDenied, or ConfigInvalid where the configuration cannot run.

    `picked` are versions of the catalogue that count as used even where the configuration departs from them.
    """
    require_writer(user, experiment.team_id)
    checked = check_config(config)
    with transaction.atomic():
        run = queue_run(user, experiment, name, recipe, checked, cloned_from, priority, num_gpus, picked)
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
    picked: Iterable[Version] = (),
) -> Run:
    """A run of a configuration that was checked, in the transaction of who has asked for the role and tells the log.

    Raises ConfigInvalid where it names a prompt set of another team's catalogue.
    """
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
    record_uses(run, experiment.team, checked, picked)
    lifecycle.enqueue(run)
    return run


def cancel_run(user: User, run: Run) -> bool:
    """Ask a run to end now; one that has ended stays as it is. Returns whether that changed anything.

    Raises PermissionDenied.
    """
    require_writer(user, run.experiment.team_id)
    with transaction.atomic():
        return lifecycle.request_cancel(run, _asked_by(user)) and _record(user, run, "asked to cancel")


def stop_run(user: User, run: Run) -> bool:
    """Ask a run to end after its next checkpoint; one that has ended stays as it is.

    Returns whether that changed anything. Raises PermissionDenied, or NotPossible for a run that is trained elsewhere.
    """
    _require_ours(user, run)
    with transaction.atomic():
        return lifecycle.request_stop(run, _asked_by(user)) and _record(user, run, "asked to stop")


def set_priority(user: User, run: Run, priority: Priority) -> bool:
    """Put a run that waits before or behind others.

    Returns whether that changed anything. Raises PermissionDenied, or NotPossible for a run that does not wait.
    """
    _require_ours(user, run)
    with transaction.atomic():
        now = Run.objects.select_for_update(of=["self"]).get(id=run.id)
        if now.priority == priority:
            return False
        if now.state != RunState.QUEUED:
            raise NotPossible(f"This run is {now.state}: priority orders those that wait.")
        Run.objects.filter(id=run.id).update(priority=priority)
        return _record(user, run, "changed the priority of", f"to {priority.label.lower()}")


def resume_run(user: User, run: Run) -> bool:
    """Have a run that was stopped, cancelled or has failed go on after its last checkpoint, or else from its start.

    Returns whether that changed anything: one that waits or runs already stays as it is. Raises PermissionDenied, or
    NotPossible for a run that has finished or is trained elsewhere.
    """
    _require_ours(user, run)
    if Run.objects.filter(id=run.id, state=RunState.FINISHED).exists():
        raise NotPossible("This run has done all its iterations: to go on, give it more of them.")
    with transaction.atomic():
        return lifecycle.resume(run, _asked_by(user)) and _record(user, run, "resumed")


def continue_run(user: User, run: Run, num_iterations: int) -> bool:
    """Have a finished run go on until it has done `num_iterations` in all. Nothing else of it changes.

    With a constant learning rate it is then the longer run, bit for bit; for others see `caution_about_schedule`.
    Returns whether that changed anything: a run that goes on to as many already stays as it is. Raises
    PermissionDenied, ConfigInvalid, or NotPossible for a run that has not finished.
    """
    _require_ours(user, run)
    now = Run.objects.get(id=run.id)
    if now.is_live and now.total_iterations == num_iterations:
        return False
    if now.state != RunState.FINISHED:
        raise NotPossible(f"This run is {now.state}: only one that has finished can be given more iterations.")
    config = continuing.config_with_more(now, num_iterations)
    reason = f"{_asked_by(user)} {continuing.caution_about_schedule(config)}".strip()
    with transaction.atomic():
        if lifecycle.extend(now, config, reason):
            return _record(user, run, "continued", f"to {num_iterations} iterations")
    now.refresh_from_db()
    if now.total_iterations != num_iterations:
        raise NotPossible(f"Somebody has just had this run go on to {now.total_iterations} iterations.")
    return False


def continue_from(
    user: User, checkpoint: Checkpoint, experiment: Experiment, name: str, changes: Mapping[str, Any]
) -> Run:
    """Queue a run that starts from the checkpoint: its weights, moments and place, with the configuration of its run
    and `changes` (fields of RunConfig, block by block) on top. It goes on counting after the checkpoint's iteration.

    Raises PermissionDenied, ConfigInvalid, or NotPossible where the files are gone.
    """
    source = checkpoint.run
    require_writer(user, experiment.team_id)
    if source.experiment.team_id != experiment.team_id:
        raise PermissionDenied("This checkpoint is another team's: continue it in an experiment of that team.")
    checked = continuing.config_from(checkpoint, changes)
    with transaction.atomic():
        run = queue_run(
            user, experiment, name, source.recipe, checked, cloned_from=None,
            priority=source.priority, num_gpus=source.num_gpus,
        )  # fmt: skip
        run.continued_from = checkpoint
        run.save(update_fields=["continued_from"])
        starting_points.keep(checkpoint, run)
        _record(user, source, "continued", f"from iteration {checkpoint.iteration} as “{name}”")
    return run


def _require_ours(user: User, run: Run) -> None:
    require_writer(user, run.experiment.team_id)
    if run.is_reported:
        raise NotPossible("This run is trained elsewhere: end it there, or have it go on there.")


def _asked_by(user: User) -> str:
    return f"{user.email} asked for it."


def _record(user: User, run: Run, verb: str, detail: str = "") -> bool:
    words = ", ".join(filter(None, [detail, str(run.id)]))
    audit.record(user, run.experiment.team, verb, f"run “{run.name}”", words)
    return True


def require_writer(user: User, team_id: int) -> None:
    """Raises PermissionDenied for viewers and strangers."""
    if not may_write(user, team_id):
        raise PermissionDenied("Viewers may look, not change: ask an owner of the team to make you a member.")
