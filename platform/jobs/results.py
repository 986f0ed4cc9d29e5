"""What came of a job, as its page shows it: the table of rewards, the pictures, and what to look at twice."""

from collections.abc import Iterator
from dataclasses import dataclass

from flowdppo_engine.events import Sample, Scored, Tried, TriedReward
from jobs.models import Job
from jobs.selectors import samples_of, scored_of

TOTAL = "total"
NEARLY_ALL = 0.95
PHASES = ("rollout", "decode", "reward", "update")


@dataclass(frozen=True)
class RewardRow:
    """A reward of a dry run. `share`: of the differences within groups, which are what training learns from, how much
    is this reward's, 0 to 1; None without groups. `iteration_seconds`: for as many images as an iteration has.
    """

    reward: TriedReward
    share: float | None
    iteration_seconds: float | None


@dataclass(frozen=True)
class Tile:
    sample: Sample
    total: float | None
    scores: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class DryRun:
    """`orders`: what the pictures can be sorted by. `num_images` are those of an iteration."""

    rows: list[RewardRow]
    tiles: list[Tile]
    notes: list[str]
    order: str
    orders: list[str]
    num_images: int


def dry_run_of(job: Job, order: str = TOTAL) -> DryRun:
    """The result so far, with the pictures from the best to the worst by `order`."""
    scored, samples = scored_of(job), samples_of(job)
    totals = scored.totals if scored else [None] * len(samples)
    tiles = [Tile(sample, total, tuple(sample.rewards.items())) for sample, total in zip(samples, totals, strict=True)]
    orders = [TOTAL, *(samples[0].rewards if samples else ())]
    order = order if order in orders else TOTAL
    rollout = job.payload["config"]["rollout"]
    normalizes = job.payload["config"]["advantage"]["aggregation"] == "gdpo"
    num_images = rollout["group_size"] * rollout["groups_per_iteration"]
    return DryRun(
        _rows(scored, num_images) if scored else [],
        sorted(tiles, key=lambda tile: _height(tile, order), reverse=True) if scored else tiles,
        list(notes_on(scored, normalizes)) if scored else [],
        order,
        orders,
        num_images,
    )


def notes_on(scored: Scored, normalizes: bool = False) -> Iterator[str]:
    """What to look at twice, the worst first. `normalizes`: each reward counts as much as its weight (GDPO)."""
    weighted = [reward for reward in scored.rewards if reward.weight]
    if not weighted:
        yield "No reward that has a weight could judge these prompts: nothing is said of what training would do."
    elif not scored.num_groups:
        yield (
            "Each prompt has one picture. Training learns from the differences between pictures of one prompt: "
            "take several of each to see whether these rewards find any."
        )
    elif scored.num_alike_groups == scored.num_groups:
        yield "All pictures of a prompt came out alike: from these prompts a run would learn nothing."
    for reward in weighted:
        yield from _note_on(reward, scored.num_groups)
    for reward, share in _shares(scored):
        if share > NEARLY_ALL and len(weighted) > 1 and not normalizes:
            yield (
                f"{reward.name} makes {share:.0%} of the differences between pictures of one prompt, so that the "
                "others hardly count. If they are to, give them more weight, or set advantage.aggregation = gdpo."
            )
    for name in scored.left_out:
        yield f"{name} was left out: it asks questions, and these prompts have none."


def phases_of(tried: Tried) -> list[tuple[str, float]]:
    """The seconds of an iteration's phases, in the order in which they come."""
    known = [name for name in PHASES if name in tried.seconds]
    return [(name, tried.seconds[name]) for name in [*known, *sorted(tried.seconds.keys() - set(PHASES))]]


def _note_on(reward: TriedReward, num_groups: int) -> Iterator[str]:
    alike = reward.num_alike_groups
    if num_groups and alike == num_groups:
        yield f"{reward.name} gives every picture of a prompt the same score: it teaches nothing."
    elif alike:
        yield (
            f"{reward.name} gives every picture the same score for {alike} of {num_groups} prompts, where it teaches "
            "nothing."
        )


def _rows(scored: Scored, num_images: int) -> list[RewardRow]:
    shares = {reward.name: share for reward, share in _shares(scored)}
    return [
        RewardRow(
            reward,
            shares.get(reward.name),
            None if reward.seconds_per_image is None else reward.seconds_per_image * num_images,
        )
        for reward in scored.rewards
    ]


def _shares(scored: Scored) -> list[tuple[TriedReward, float]]:
    spreads = [(reward, abs(reward.weight) * (reward.group_std or 0.0)) for reward in scored.rewards]
    whole = sum(spread for _, spread in spreads)
    return [(reward, spread / whole) for reward, spread in spreads] if whole else []


def _height(tile: Tile, order: str) -> float:
    return tile.total if order == TOTAL else tile.sample.rewards[order]
