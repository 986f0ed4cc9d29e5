"""From the pictures of a policy and those of the base model to means, intervals and paired differences.

The pictures of one prompt are one observation, their mean: pictures of a prompt are like each other, and an interval
that took them for independent would be too narrow. With as many pictures of each prompt this is the interval that is
robust to clusters.
"""

from collections.abc import Iterable, Mapping, Sequence

from flowdppo_engine.evaluation.drift import KL
from flowdppo_engine.evaluation.statistics import make_score, paired_difference
from flowdppo_engine.events import Difference, Drawing, Drawn, Evaluation

SPREAD = "diversity/pixel_rms"
NUM_DIGITS = 8

# By score and by place of the prompt in its set.
ByPrompt = dict[str, dict[int, float]]


def judge(now: Sequence[Drawn], base: Sequence[Drawn], *, step: int, num_seeds: int) -> Evaluation:
    """What the drawings of a policy on one prompt set say; `base` are the base model's on the same set and seeds."""
    ours, theirs = by_prompt(now, num_seeds), by_prompt(base, num_seeds)
    # The KL to the base model is a difference to it as it stands.
    compared = [] if now[0].iteration == 0 else [name for name in ours if name in theirs and name != KL]
    return Evaluation(
        iteration=now[0].iteration,
        step=step,
        prompt_set=now[0].prompt_set,
        num_prompts=sum(len(one.drawings) for one in now) // num_seeds,
        scores={name: make_score(list(values.values()), NUM_DIGITS) for name, values in ours.items()},
        difference={name: _difference(ours[name], theirs[name]) for name in compared},
    )


def by_prompt(drawn: Iterable[Drawn], num_seeds: int) -> ByPrompt:
    """The mean of each score over a prompt's pictures, in the order of the prompts; those without it are left out."""
    values: dict[str, dict[int, list[float]]] = {}
    spreads: dict[int, float] = {}
    for event in drawn:
        places = [drawing.index // num_seeds for drawing in event.drawings]
        for place, drawing in zip(places, event.drawings, strict=True):
            for name, value in _scores(drawing):
                values.setdefault(name, {}).setdefault(place, []).append(value)
        if event.spread:
            spreads |= dict(zip(dict.fromkeys(places), event.spread, strict=True))
    means = {name: {place: sum(some) / len(some) for place, some in sorted(of.items())} for name, of in values.items()}
    return means | ({SPREAD: dict(sorted(spreads.items()))} if spreads else {})


def _scores(drawing: Drawing) -> list[tuple[str, float]]:
    return [*drawing.rewards.items(), *([(KL, drawing.kl)] if drawing.kl is not None else [])]


def _difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Difference:
    """A score applies to a prompt or it does not, whoever draws it."""
    now, base = (make_score(list(some.values()), NUM_DIGITS) for some in (ours, theirs))
    return paired_difference(now, base)
