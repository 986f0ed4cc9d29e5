"""What a checkpoint has two of in the frontier: a score on a prompt set, or a metric of training at its iteration."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from catalog.prompt_files import name_of
from runs.evaluated import Score
from runs.metric_names import KL_TO_BASE, REWARD, SPREAD, VELOCITY_TO_BASE, title_of
from runs.models import Run
from runs.results import DRIFT
from runs.summaries import SCORE

AT = "@"
LONGEST_KEY = 400
SCORES, METRICS = "Scores", "Metrics of training"
DRIFT_KL = f"{DRIFT}kl_nats"
TITLES = {
    DRIFT_KL: "Drift from the base model, nats",
    f"{DRIFT}velocity": "Drift of the velocity",
    "diversity/pixel_rms": "Diversity",
}
# How far from the base model, where the policy still is the base model.
NOTHING_AT_START = (KL_TO_BASE, "kl/reference_mean", VELOCITY_TO_BASE)
LESS_IS_BETTER = ("kl/", "tv/", "velocity/", "reference/", "time/", "memory/")
MORE_IS_BETTER = ("reward/", "diversity/", "time/images_per_second")
NEITHER = ("reward/std", "reward/zero_groups")


@dataclass(frozen=True)
class Quantity:
    """`key` as in an address: a metric's own, or REWARD@PROMPT_SET for a score."""

    key: str

    @property
    def score(self) -> Score | None:
        reward, at, prompt_set = self.key.partition(AT)
        return Score(prompt_set, reward) if at else None

    @property
    def title(self) -> str:
        if self.score is None:
            return title_of(self.key)
        words = TITLES.get(self.score.reward) or self.score.reward.replace("_", " ")
        return f"{words} on {name_of(self.score.prompt_set).replace('_', ' ')}"

    @property
    def better(self) -> int:
        """1 where more is better, -1 where less is, 0 where neither is."""
        if self.score is not None:
            return -1 if self.score.reward.startswith(DRIFT) else 1
        if self.key in NEITHER or (self.key.startswith("reward/") and self.key.endswith(SPREAD)):
            return 0
        return 1 if self.key.startswith(MORE_IS_BETTER) else -1 if self.key.startswith(LESS_IS_BETTER) else 0

    def described(self) -> dict:
        group = METRICS if self.score is None else SCORES
        return {"key": self.key, "title": self.title, "better": self.better, "group": group}


@dataclass(frozen=True)
class Pair:
    """Two quantities that are often laid against each other."""

    title: str
    across: Quantity
    up: Quantity

    def described(self) -> dict:
        return {"title": self.title, "across": self.across.key, "up": self.up.key}


def parse_quantity(text: str, name: str) -> Quantity:
    """What an address says of an axis. Raises ValueError."""
    if len(text) > LONGEST_KEY or not text.isprintable():
        raise ValueError(f"{name} is no metric or score: give a metric's key, or REWARD@PROMPT_SET.")
    return Quantity(text)


def quantities_of(runs: Iterable[Run]) -> list[Quantity]:
    """What these runs have been scored by, and the metrics that they have, read off their summaries."""
    scores, metrics = {}, {}
    for run in runs:
        for key in run.summary:
            if key.startswith(f"{SCORE}/"):
                scores |= dict.fromkeys(_score_keys(run, key.removeprefix(f"{SCORE}/")))
            elif "/" in key and not key.startswith("best/"):
                metrics[key] = None
    return [*map(Quantity, sorted(scores)), *map(Quantity, sorted(metrics))]


def pairs_of(runs: Sequence[Run], known: Sequence[Quantity]) -> list[Pair]:
    """The first is what is shown before anyone has chosen. `known` is what there is to choose from."""
    keys = {quantity.key for quantity in known}
    far = [key for key in (KL_TO_BASE, VELOCITY_TO_BASE) if key in keys]
    found = [("Reward in training against KL", key, REWARD) for key in far[:1] if REWARD in keys]
    for run in runs:
        scores = [key for key in _first_scores(run) if key in keys]
        if scores:
            drift = f"{DRIFT_KL}{AT}{scores[0].partition(AT)[2]}"
            found = [
                *(("Score against KL", key, scores[0]) for key in far[:1]),
                *(("Score against drift", key, scores[0]) for key in [drift] if key in keys),
                *(("Out of domain against in domain", scores[0], other) for other in scores[1:2]),
                *found,
            ]
            break
    return [Pair(title, Quantity(across), Quantity(up)) for title, across, up in found]


def _first_scores(run: Run) -> list[str]:
    """The run's first reward on each of its prompt sets."""
    rewards = run.config["rewards"]
    name = (rewards[0].get("label") or rewards[0]["name"]) if rewards else ""
    return [f"{name}{AT}{prompt_set}" for prompt_set in run.config["evaluation"]["prompt_sets"]]


def _score_keys(run: Run, rest: str) -> list[str]:
    """Of PROMPT_SET/REWARD, where both may have slashes: the run knows its prompt sets."""
    sets = (one for one in run.config["evaluation"]["prompt_sets"] if rest.startswith(f"{one}/"))
    return [f"{rest.removeprefix(f'{one}/')}{AT}{one}" for one in sets]
