"""Which pair a person sees next: every comparison of two policies is to be judged about equally often."""

import random
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Candidate:
    """A pair of a vote. `is_new` as long as this person has had no ballot of it; `comparison` names its policies."""

    pair_id: int
    comparison: Hashable
    num_ballots: int
    is_new: bool


def choose(candidates: Sequence[Candidate], rng: random.Random) -> Candidate | None:
    """Of the comparison with the fewest ballots the pair with the fewest, at random among equals; None if all is seen.

    Only pairs that are new to the person come into question, but the ballots of all others count.
    """
    totals: Counter = Counter()
    for candidate in candidates:
        totals[candidate.comparison] += candidate.num_ballots
    fresh = [candidate for candidate in candidates if candidate.is_new]
    if not fresh:
        return None
    ranks = {candidate: (totals[candidate.comparison], candidate.num_ballots) for candidate in fresh}
    fewest = min(ranks.values())
    return rng.choice([candidate for candidate, rank in ranks.items() if rank == fewest])
