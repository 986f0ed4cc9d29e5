"""A team with people in every role, an experiment and runs: what the tests of the site play with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from flowdppo_engine.config import RunConfig
from runs import summaries
from runs.models import Attempt, Checkpoint, Evaluation, Experiment, LogLine, MetricPoint, Run, RunState, Sample
from teams.models import Role, Team, User
from teams.services import create_team, create_user, set_role

CONFIG = RunConfig().model_dump(mode="json")
PASSWORD = "a long one, for tests"


@dataclass(frozen=True)
class Lab:
    team: Team
    owner: User
    member: User
    viewer: User
    stranger: User
    experiment: Experiment


def make_lab() -> Lab:
    """The stranger owns a team of their own, with an experiment and a run in it."""
    people = [create_user(f"{name}@example.org", PASSWORD) for name in ("owner", "member", "viewer", "stranger")]
    owner, member, viewer, stranger = people
    team = create_team("Lab", owner)
    set_role(team, member, Role.MEMBER)
    set_role(team, viewer, Role.VIEWER)
    add_run(Experiment.objects.create(team=create_team("Elsewhere", stranger), name="Theirs"))
    return Lab(team, owner, member, viewer, stranger, Experiment.objects.create(team=team, name="Thresholds"))


def add_run(experiment: Experiment, name: str = "run", state: str = RunState.RUNNING, **fields) -> Run:
    """A run with its first attempt."""
    fields = {"recipe": "sandbox-flow-dppo", "config": CONFIG, "total_iterations": 100, **fields}
    run = Run.objects.create(
        experiment=experiment, name=name, state=state, started_at=timezone.now() - timedelta(minutes=3), **fields
    )
    Attempt.objects.create(run=run, number=1, worker="node-1")
    return run


def last_attempt(run: Run) -> Attempt:
    return run.attempts.order_by("-number").first()


def resume(run: Run, iteration: int) -> Attempt:
    """The last attempt was lost; the next one goes on from `iteration`."""
    lost = last_attempt(run)
    lost.outcome, lost.valid_until = "lost", iteration
    lost.save()
    summaries.refresh(run.id)
    return Attempt.objects.create(run=run, number=lost.number + 1, worker="node-2", resumed_from=iteration)


def add_point(run: Run, key: str, iteration: int, value: float) -> MetricPoint:
    at = {"run": run, "attempt": last_attempt(run), "iteration": iteration, "step": 2 * iteration}
    point = MetricPoint.objects.create(**at, key=key, time=0.0, value=value)
    summaries.refresh(run.id)
    return point


def add_evaluation(run: Run, iteration: int, mean: float, prompt_set: str = "sandbox:in_domain") -> Evaluation:
    """The score of the first reward; the difference is to a base model of 0.4."""
    evaluation = Evaluation.objects.create(
        **_at(run, iteration),
        prompt_set=prompt_set,
        num_prompts=2,
        scores={"sandbox_soft_tifa": _estimate(mean) | {"per_prompt": [mean, mean]}},
        difference={"sandbox_soft_tifa": _estimate(mean - 0.4)} if iteration else {},
    )
    summaries.refresh(run.id)
    return evaluation


def add_checkpoint(run: Run, iteration: int, files: dict[str, bytes] | None = None) -> Checkpoint:
    """A checkpoint whose folder holds `files`; without them there is no folder."""
    path = f"checkpoints/step-{2 * iteration:06d}"
    folder = Path(settings.MEDIA_ROOT) / run.folder / path
    for name, content in (files or {}).items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return Checkpoint.objects.create(**_at(run, iteration), path=path, num_bytes=1000)


def add_sample(run: Run, iteration: int, **values) -> Sample:
    path = f"samples/step-{2 * iteration:06d}/000.png"
    values = {"index": 0, "path": path, "prompt": "a circle", "seed": 1, "rewards": {}, **values}
    return Sample.objects.create(**_at(run, iteration), **values)


def add_group(run: Run, iteration: int, advantages: Sequence[float], group: int = 0, **values) -> list[Sample]:
    """A group that the iteration trained on, in the order in which it was drawn."""
    return [
        add_sample(
            run, iteration, kind="rollout", index=group * len(advantages) + number, group=group,
            path=f"samples/iteration-{iteration:06d}/{group}-{number}.png", advantage=advantage, **values,
        )
        for number, advantage in enumerate(advantages)
    ]  # fmt: skip


def add_lines(run: Run, *messages: str) -> list[LogLine]:
    moment = timezone.now()
    return [
        LogLine.objects.create(run=run, attempt=last_attempt(run), seq=seq, time=moment, level="info", message=text)
        for seq, text in enumerate(messages, 1)
    ]


def _at(run: Run, iteration: int) -> dict:
    return {"run": run, "attempt": last_attempt(run), "iteration": iteration, "step": 2 * iteration}


def _estimate(mean: float) -> dict:
    return {"mean": mean, "low": mean - 0.02, "high": mean + 0.02}
