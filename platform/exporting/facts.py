"""All that goes into the model card of a checkpoint, read once."""

from dataclasses import dataclass

from flowdppo_engine.recipes import Recipe, find_recipe
from runs.config_texts import as_yaml
from runs.curves import Curve, read_curves
from runs.media import fixed_samples
from runs.metric_names import KL_TO_BASE, REWARD
from runs.models import Checkpoint, Run, Sample
from runs.results import ScoreRow, score_rows
from runs.selectors import visible_evaluations
from teams.models import User

MOST_PROMPTS = 6


@dataclass(frozen=True)
class Facts:
    """`samples` are pairs of what the base model and the policy drew, of the same prompt and seed; `sampled_at` is the
    iteration of the latter, the checkpoint's or the last one before it."""

    checkpoint: Checkpoint
    recipe: Recipe | None
    config_yaml: str
    scores: list[ScoreRow]
    curves: dict[str, Curve]
    samples: list[tuple[Sample | None, Sample]]
    sampled_at: int

    @property
    def run(self) -> Run:
        return self.checkpoint.run

    @property
    def config(self) -> dict:
        return self.run.config

    @property
    def source(self) -> str:
        """Where the base model is from: `sandbox`, a folder, or a hub id."""
        return self.config["model"]["source"]

    @property
    def rewards(self) -> list[tuple[str, float]]:
        """By the names that they are logged under, with their weights."""
        return [(one.get("label") or one["name"], one["weight"]) for one in self.config["rewards"]]

    @property
    def is_video(self) -> bool:
        return self.config["model"]["num_frames"] > 1


def read_facts(user: User, checkpoint: Checkpoint) -> Facts:
    """`checkpoint` was found for this person."""
    run = checkpoint.run
    evaluations = visible_evaluations(user).filter(run=run, iteration__in=(0, checkpoint.iteration))
    scores = score_rows(evaluations.order_by("iteration", "prompt_set"))
    found = read_curves({run.id: 0}, [REWARD, KL_TO_BASE]).get(run.id)
    samples, sampled_at = _samples(user, checkpoint)
    return Facts(
        checkpoint=checkpoint,
        recipe=_recipe(run.recipe),
        config_yaml=as_yaml(run.config),
        scores=[row for row in scores if row.after],
        curves=found.by_key if found else {},
        samples=samples,
        sampled_at=sampled_at,
    )


def _samples(user: User, checkpoint: Checkpoint) -> tuple[list[tuple[Sample | None, Sample]], int]:
    of_run = fixed_samples(user).filter(run=checkpoint.run)
    before = of_run.filter(iteration__gt=0, iteration__lte=checkpoint.iteration)
    last = before.order_by("-iteration").values_list("iteration", flat=True).first()
    if last is None:
        return [], 0
    base = {(one.prompt, one.seed): one for one in of_run.filter(iteration=0).order_by("index")[: 8 * MOST_PROMPTS]}
    drawn = of_run.filter(iteration=last).order_by("index")[:MOST_PROMPTS]
    return [(base.get((one.prompt, one.seed)), one) for one in drawn], last


def _recipe(name: str) -> Recipe | None:
    try:
        return find_recipe(name)
    except ValueError:
        return None
