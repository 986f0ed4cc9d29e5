"""Which pair comes next."""

import random
from collections import Counter

from votes.choosing import Candidate, choose

RNG = random.Random(7)


def candidate(pair_id: int, comparison: str, num_ballots: int = 0, is_new: bool = True) -> Candidate:
    return Candidate(pair_id, comparison, num_ballots, is_new)


def test_the_comparison_with_the_fewest_ballots_comes_first_and_in_it_the_pair():
    rows = [candidate(1, "ab", 1), candidate(2, "ab"), candidate(3, "bc", 1), candidate(4, "bc", 1)]
    assert choose(rows, RNG).pair_id == 2
    rows[0] = candidate(1, "ab", 3)
    assert choose(rows, RNG).pair_id in (3, 4)


def test_what_the_person_has_seen_counts_and_does_not_come_again():
    rows = [candidate(1, "ab", 0, is_new=False), candidate(2, "bc", 5)]
    assert choose(rows, RNG).pair_id == 2
    assert choose([candidate(1, "ab", is_new=False)], RNG) is None and choose([], RNG) is None


def test_among_equals_it_is_chance():
    rows = [candidate(pair, "ab") for pair in range(4)]
    counts = Counter(choose(rows, RNG).pair_id for _ in range(800))
    assert sorted(counts) == [0, 1, 2, 3] and min(counts.values()) > 140


def test_however_long_people_vote_comparisons_are_judged_about_equally_often():
    """Four policies, twelve prompts, three people who stop when they like."""
    comparisons = [(a, b) for a in range(4) for b in range(a)]
    pairs = [(pair, comparison) for pair, comparison in enumerate(comparisons * 12)]
    counts: Counter = Counter()
    for num in (40, 23, 5):
        seen: set[int] = set()
        for step in range(num):
            rows = [candidate(pair, of, counts[pair], pair not in seen) for pair, of in pairs]
            chosen = choose(rows, RNG)
            counts[chosen.pair_id] += 1
            seen.add(chosen.pair_id)
            assert len(seen) == step + 1
    totals = Counter()
    for pair, of in pairs:
        totals[of] += counts[pair]
    assert max(totals.values()) - min(totals.values()) <= 1
    assert max(counts.values()) == 1
