"""The samples that show an alert, each with the same prompt and seed as it was earlier."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import pstdev

from alerts.models import Kind
from runs.models import Run, Sample, SampleKind
from runs.selectors import STANDS

MOST_SAMPLES = 6


@dataclass(frozen=True)
class Pair:
    """A sample now and then; `then` is None where there is nothing earlier."""

    now: Sample
    then: Sample | None = None


def find_evidence(run: Run, kind: Kind, iteration: int, since: int, weights: Mapping[str, float]) -> list[Pair]:
    """The newest samples up to `iteration` against those up to `since`, what shows the most first."""
    standing = Sample.objects.filter(STANDS, run=run, kind=SampleKind.FIXED)
    drawn = sorted(standing.filter(iteration__lte=iteration).order_by().values_list("iteration", flat=True).distinct())
    if not drawn:
        return []
    earlier = [at for at in drawn if at <= since][-1:] or drawn[:1]
    by_place = defaultdict(dict)
    for sample in standing.filter(iteration__in={drawn[-1], *earlier}).order_by("index"):
        by_place[sample.prompt, sample.seed][sample.iteration] = sample
    compared = kind != Kind.NO_PROGRESS and earlier[0] != drawn[-1]
    pairs = [
        Pair(found[drawn[-1]], found.get(earlier[0]) if compared else None)
        for found in by_place.values()
        if drawn[-1] in found
    ]
    return _ordered(pairs, kind, weights)[:MOST_SAMPLES]


def total_reward(sample: Sample, weights: Mapping[str, float]) -> float | None:
    """The weighted sum that training raises; None where a part of it is missing or was not finite."""
    parts = [(weight, sample.rewards.get(name)) for name, weight in weights.items() if weight]
    return None if any(value is None for _, value in parts) else sum(weight * value for weight, value in parts)


def _ordered(pairs: Sequence[Pair], kind: Kind, weights: Mapping[str, float]) -> list[Pair]:
    def reward(sample: Sample | None) -> float:
        value = total_reward(sample, weights) if sample else None
        return 0.0 if value is None else value

    match kind:
        case Kind.REWARD_HACKING:
            return sorted(pairs, key=lambda pair: -reward(pair.now))
        case Kind.KL_BUDGET:
            return sorted(pairs, key=lambda pair: -abs(reward(pair.now) - reward(pair.then)) if pair.then else 0.0)
        case Kind.GROUP_VARIANCE:
            return sorted(pairs, key=lambda pair: _spread(pairs, pair, reward))
        case Kind.NOT_FINITE:
            return sorted(pairs, key=lambda pair: all(value is not None for value in pair.now.rewards.values()))
    return list(pairs)


def _spread(pairs: Sequence[Pair], pair: Pair, reward) -> tuple[float, str]:
    """How far the rewards of a prompt's samples are apart; those of one prompt stay together."""
    of_prompt = [reward(other.now) for other in pairs if other.now.prompt == pair.now.prompt]
    return pstdev(of_prompt), pair.now.prompt
