"""How far people agree on pairs that more than one of them has judged.

There are three answers: the one, the other, neither (a tie, or both bad). Krippendorff's alpha is 1 where all agree
and 0 where they do no more than by chance; it takes any number of people, who need not all have judged the same pairs
(K. Krippendorff, Content Analysis, 2004, chapter 11; nominal data).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from votes.verdicts import Verdict


@dataclass(frozen=True)
class Agreement:
    """`share` of the `num` meetings of two people on a pair in which they said the same."""

    num: int
    num_same: int

    @property
    def share(self) -> float | None:
        return self.num_same / self.num if self.num else None


def agreement(verdicts: Iterable[Verdict]) -> Agreement:
    """Over all meetings of two people."""
    meetings = [one for answers in _by_pair(verdicts).values() for one in combinations(answers.values(), 2)]
    return Agreement(len(meetings), sum(one == other for one, other in meetings))


def agreement_of(person: str | None, verdicts: Iterable[Verdict]) -> Agreement:
    """Of one person with the others."""
    meetings = [
        (answers[person], answer)
        for answers in _by_pair(verdicts).values()
        if person in answers
        for other, answer in answers.items()
        if other != person
    ]
    return Agreement(len(meetings), sum(one == other for one, other in meetings))


def krippendorff_alpha(verdicts: Iterable[Verdict]) -> float | None:
    """None where no pair was judged twice, or where everybody always said the same one thing."""
    coincidences: Counter = Counter()
    for answers in _by_pair(verdicts).values():
        if len(answers) > 1:
            values = list(answers.values())
            for i, one in enumerate(values):
                for j, other in enumerate(values):
                    if i != j:
                        coincidences[one, other] += 1 / (len(values) - 1)
    totals: Counter = Counter()
    for (one, _), weight in coincidences.items():
        totals[one] += weight
    num = sum(totals.values())
    expected = sum(totals[one] * totals[other] for one in totals for other in totals if one != other)
    if expected == 0:
        return None
    observed = sum(weight for (one, other), weight in coincidences.items() if one != other)
    return 1 - (num - 1) * observed / expected


def _by_pair(verdicts: Iterable[Verdict]) -> dict[int, dict[str, float]]:
    """What each person said of each pair: the score of its first policy.

    Those whose accounts are gone cannot be told from one another, and are left out.
    """
    found: dict[int, dict] = defaultdict(dict)
    for verdict in verdicts:
        if verdict.person is None:
            continue
        found[verdict.pair][verdict.person] = verdict.outcome.score
    return found
