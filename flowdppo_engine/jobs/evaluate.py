"""The evaluation of checkpoints: they and the base model draw the same prompts from the same noise, and are scored."""

from collections.abc import Sequence
from pathlib import Path

import torch

from flowdppo_engine.evaluation.picture_files import save_picture
from flowdppo_engine.events import Drawing, Drawn, Evaluation
from flowdppo_engine.jobs.portions import Portion, portions_of, read_sets
from flowdppo_engine.jobs.specs import EvaluatedCheckpoint, EvaluateJob
from flowdppo_engine.jobs.studio import Canvas, Studio
from flowdppo_engine.jobs.verdicts import NUM_DIGITS, judge
from flowdppo_engine.jobs.work import Desk
from flowdppo_engine.prompts import Prompt
from flowdppo_engine.rewards.registry import make_reward_suite
from flowdppo_engine.rewards.suite import RewardSuite
from flowdppo_engine.training.diversity import pixel_spread, thumbnails
from flowdppo_engine.training.joining import make_accelerator

FOLDER = "pictures"
BASE = EvaluatedCheckpoint.model_construct(iteration=0, step=0, folder="")


def evaluate(job: EvaluateJob, desk: Desk) -> None:
    """Tell each portion of pictures with their scores as it comes, and after each prompt set what a policy made of it.

    Portions that an earlier start has told of are not drawn again.
    """
    sets = read_sets(job)
    told = Told(desk)
    policies = [BASE, *sorted(job.checkpoints, key=lambda one: one.iteration)]
    left = [one for one in policies if not all(told.has_verdict(one.iteration, name) for name in sets)]
    if not left:
        return
    progress, _ = desk.progress(1)
    progress.tell("load", 0, 1, "models")
    suite = make_reward_suite(job.config, make_accelerator().device)
    texts = list(dict.fromkeys(prompt.text for prompts in sets.values() for prompt in prompts))
    studio = Studio(job.config, texts, desk.folder, lambda done, of: progress.tell("encode", done, of, "prompts"))
    if studio.truncated:
        desk.reporter.log(
            "warning",
            f"{len(studio.truncated)} of {len(texts)} prompts are longer than the model reads and lose their end, "
            f"the first: {studio.truncated[0]!r}.",
        )
    total = len(policies) * len(job.seeds) * sum(len(prompts) for prompts in sets.values())
    sitting = Sitting(job, desk, studio, suite, told, total)
    for one in left:
        with studio.policy(desk.folder / one.folder if one.iteration else None):
            for name, prompts in sets.items():
                sitting.evaluate(one, name, prompts)


class Told:
    """What is known already, of this start and of earlier ones."""

    def __init__(self, desk: Desk):
        self._drawn: dict[tuple[int, str], list[Drawn]] = {}
        self._verdicts: set[tuple[int, str]] = set()
        for event in desk.told:
            if isinstance(event, Drawn | Evaluation):
                self.add(event)

    def add(self, event: Drawn | Evaluation) -> None:
        key = (event.iteration, event.prompt_set)
        if isinstance(event, Evaluation):
            self._verdicts.add(key)
        else:
            self._drawn.setdefault(key, []).append(event)

    def drawn(self, iteration: int, prompt_set: str) -> list[Drawn]:
        return self._drawn.get((iteration, prompt_set), [])

    def has_verdict(self, iteration: int, prompt_set: str) -> bool:
        return (iteration, prompt_set) in self._verdicts

    @property
    def num_pictures(self) -> int:
        return sum(len(one.drawings) for some in self._drawn.values() for one in some)


class Sitting:
    """Draws what is not told yet. `total` pictures there will be."""

    def __init__(self, job: EvaluateJob, desk: Desk, studio: Studio, suite: RewardSuite, told: Told, total: int):
        self._job = job
        self._desk = desk
        self._studio = studio
        self._suite = suite
        self._told = told
        self._total = total
        self._progress, pace = desk.progress(total)
        pace.begin(told.num_pictures)

    def evaluate(self, policy: EvaluatedCheckpoint, prompt_set: str, prompts: Sequence[Prompt]) -> None:
        """To be called inside the studio's `policy`."""
        if self._told.has_verdict(policy.iteration, prompt_set):
            return
        suite = self._suite.applying_to(prompts)
        begun = {one.drawings[0].index for one in self._told.drawn(policy.iteration, prompt_set)}
        for portion in portions_of(self._job, prompt_set, prompts):
            if portion.first * len(self._job.seeds) not in begun:
                self._tell_progress()
                self._emit(self._draw(policy.iteration, portion, suite))
        self._tell_progress()
        now, base = (self._told.drawn(iteration, prompt_set) for iteration in (policy.iteration, 0))
        self._emit(judge(now, base, step=policy.step, num_seeds=len(self._job.seeds)))

    def _emit(self, event: Drawn | Evaluation) -> None:
        self._desk.reporter.emit(event)
        self._told.add(event)

    def _tell_progress(self) -> None:
        self._progress.iteration = self._told.num_pictures
        self._progress.tell("evaluate", self._told.num_pictures, self._total, "pictures")

    def _draw(self, iteration: int, portion: Portion, suite: RewardSuite) -> Drawn:
        wanted = [(prompt, seed) for prompt in portion.prompts for seed in self._job.seeds]
        canvas = self._studio.draw(wanted, measured=portion.measured and iteration > 0)
        scores = suite.measure(canvas.pictures, [prompt for prompt, _ in wanted]).scores
        first, folder = portion.first * len(self._job.seeds), self._folder(iteration, portion.prompt_set)
        drawings = []
        for row, (prompt, seed) in enumerate(wanted):
            path = save_picture(canvas.pictures[row], folder / f"{first + row:05d}")
            drawings.append(
                Drawing(
                    index=first + row,
                    path=path.relative_to(self._desk.folder).as_posix(),
                    prompt=prompt.text,
                    seed=seed,
                    rewards=_of_row(scores, row),
                    kl=_kl(canvas, row, is_base=iteration == 0, measured=portion.measured),
                )
            )
        return Drawn(
            iteration=iteration,
            prompt_set=portion.prompt_set,
            drawings=drawings,
            spread=_spread(canvas.pictures, len(self._job.seeds)),
        )

    def _folder(self, iteration: int, prompt_set: str) -> Path:
        """By the set's place: its name may be a path."""
        place = self._job.config.evaluation.prompt_sets.index(prompt_set)
        folder = self._desk.folder / FOLDER / f"{iteration:06d}" / f"set-{place}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder


def _of_row(scores: dict[str, torch.Tensor], row: int) -> dict[str, float]:
    return {name: round(float(some[row]), NUM_DIGITS) for name, some in scores.items() if not some[row].isnan()}


def _kl(canvas: Canvas, row: int, *, is_base: bool, measured: bool) -> float | None:
    """The base model has not moved from itself."""
    return (0.0 if is_base else round(canvas.kl[row], NUM_DIGITS)) if measured else None


def _spread(pictures: torch.Tensor, num_seeds: int) -> list[float]:
    if num_seeds == 1:
        return []
    return [round(value, NUM_DIGITS) for value in pixel_spread(thumbnails(pictures), num_seeds).tolist()]
