"""From what a person picks the next columns of a grid: an experiment, a run of it, checkpoints of that run."""

from dataclasses import dataclass, field

from django.http import QueryDict

from comparing.columns import sample_iterations
from comparing.looking import Looking
from comparing.rows import Rows
from pictures.policies import PolicyRef
from runs.models import Experiment, Run
from runs.selectors import parse_run_id, visible_experiments
from teams.models import User

MOST_EXPERIMENTS = MOST_RUNS = 200
MOST_CHOICES = 300
EXPERIMENT, RUN, ADD = "experiment", "run", "add"


@dataclass(frozen=True)
class Choice:
    """A policy that can be added. `is_kept` says that its checkpoint is there, `has_samples` that it drew some."""

    ref: PolicyRef
    is_kept: bool
    has_samples: bool


@dataclass(frozen=True)
class Picker:
    looking: Looking
    experiments: list[Experiment]
    experiment: Experiment | None = None
    runs: list[Run] = field(default_factory=list)
    run: Run | None = None
    choices: list[Choice] = field(default_factory=list)


def read_picker(user: User, query: QueryDict, looking: Looking) -> Picker:
    """Where nothing is picked, the run that was added last, or else the newest. Six queries at most."""
    rows = Rows.seen_by(user)
    experiments = list(visible_experiments(user).filter(archived_at=None)[:MOST_EXPERIMENTS])
    run = _wanted_run(rows, query, looking)
    wanted = query.get(EXPERIMENT, "")
    experiment = next((one for one in experiments if str(one.id) == wanted), None) or (
        run.experiment if run else next(iter(experiments), None)
    )
    if experiment is None:
        return Picker(looking, experiments)
    if experiment not in experiments:
        experiments.append(experiment)
    of_it = rows.runs.filter(experiment=experiment).order_by("-created_at", "-id")
    runs = list(of_it.filter(archived_at=None).defer("config", "summary", "notes")[:MOST_RUNS])
    if run is None or run.experiment_id != experiment.id:
        run = next(iter(runs), None)
    elif run not in runs:
        runs.append(run)
    return Picker(looking, experiments, experiment, runs, run, _choices(rows, run) if run else [])


def _wanted_run(rows: Rows, query: QueryDict, looking: Looking) -> Run | None:
    last = looking.policies[-1].run_id if looking.policies else None
    run_id = parse_run_id(query.get(RUN, "")) or last
    return rows.runs.filter(id=run_id).first() if run_id else None


def _choices(rows: Rows, run: Run) -> list[Choice]:
    """The base model, and every iteration with a checkpoint or samples, in order."""
    kept = {row.iteration: not row.removed for row in rows.checkpoints.filter(run=run)}
    samples = sample_iterations(rows, [run.id]).get(run.id, set())
    iterations = sorted({0, *kept, *samples})[:MOST_CHOICES]
    return [Choice(PolicyRef(run.id, at), at == 0 or kept.get(at, False), at in samples) for at in iterations]
