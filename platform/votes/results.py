"""What came out of a vote: strengths, win rates, people, and where people and a reward part."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from votes.agreement import Agreement, agreement, agreement_of, krippendorff_alpha
from votes.bradley_terry import Group, Judgement, Strength, fit
from votes.measures import Measure, Measured
from votes.models import Contender
from votes.rates import Rate, rate_of, rate_of_first
from votes.verdicts import Verdict


@dataclass(frozen=True)
class Standing:
    """A policy with what people and a reward say of it. `group` counts from 0 those that can be compared."""

    contender: Contender
    rate: Rate
    group: int | None
    strength: Strength | None
    measured: Measured | None


@dataclass(frozen=True)
class Duel:
    """Two policies against each other; the rate is the first one's."""

    first: Contender
    second: Contender
    rate: Rate


@dataclass(frozen=True)
class Person:
    """`rates` are of the policies, in the order of the standings."""

    name: str | None
    num: int
    num_even: int
    rates: tuple[Rate, ...]
    agreement: Agreement


@dataclass(frozen=True)
class Parting:
    """People clearly prefer the one, and the reward's mean is higher for the other."""

    preferred: Contender
    rewarded: Contender


@dataclass(frozen=True)
class Results:
    """`standings` are strongest first, group by group; the never judged come last."""

    standings: list[Standing]
    duels: list[Duel]
    people: list[Person]
    agreement: Agreement
    alpha: float | None
    partings: list[Parting]
    num_verdicts: int
    num_groups: int

    @property
    def unjudged(self) -> list[Standing]:
        return [standing for standing in self.standings if standing.group is None]


def results_of(
    contenders: Sequence[Contender], verdicts: Sequence[Verdict], measure: Measure | None = None
) -> Results:
    """`contenders` by their places, from 0."""
    judgements = [Judgement(one.first, one.second, one.outcome.score, one.prompt, one.person) for one in verdicts]
    groups = fit(len(contenders), judgements)
    standings = sorted(
        (_standing(contender, verdicts, groups, measure) for contender in contenders), key=_strongest_first
    )
    return Results(
        standings=standings,
        duels=_duels([standing.contender for standing in standings], verdicts),
        people=_people([standing.contender for standing in standings], verdicts),
        agreement=agreement(verdicts),
        alpha=krippendorff_alpha(verdicts),
        partings=_partings(contenders, groups, measure),
        num_verdicts=len(verdicts),
        num_groups=len(groups),
    )


def _strongest_first(standing: Standing) -> tuple:
    if standing.strength is None:
        return (1, 0, 0.0, standing.contender.place)
    return (0, standing.group, -standing.strength.value, standing.contender.place)


def _standing(
    contender: Contender, verdicts: Sequence[Verdict], groups: Sequence[Group], measure: Measure | None
) -> Standing:
    number = next((number for number, group in enumerate(groups) if contender.place in group.players), None)
    strength = None if number is None else groups[number].strength_of(contender.place)
    measured = measure.by_place.get(contender.place) if measure else None
    return Standing(contender, rate_of(contender.place, verdicts), number, strength, measured)


def _duels(contenders: Sequence[Contender], verdicts: Sequence[Verdict]) -> list[Duel]:
    """Those that were judged, the stronger first."""
    duels = []
    for one, other in combinations(contenders, 2):
        theirs = [verdict for verdict in verdicts if {verdict.first, verdict.second} == {one.place, other.place}]
        if theirs:
            duels.append(Duel(one, other, rate_of(one.place, theirs)))
    return duels


def _people(contenders: Sequence[Contender], verdicts: Sequence[Verdict]) -> list[Person]:
    """Who has judged most comes first."""
    people = []
    for name in dict.fromkeys(verdict.person for verdict in verdicts):
        theirs = [verdict for verdict in verdicts if verdict.person == name]
        rates = tuple(rate_of(contender.place, theirs) for contender in contenders)
        num_even = rate_of_first(theirs).num_even
        people.append(Person(name, len(theirs), num_even, rates, agreement_of(name, verdicts)))
    return sorted(people, key=lambda person: -person.num)


def _partings(contenders: Sequence[Contender], groups: Sequence[Group], measure: Measure | None) -> list[Parting]:
    """Where the interval of the difference in strength is clear of zero, and the reward has it the other way."""
    by_place = {contender.place: contender for contender in contenders}
    found = []
    for group in groups if measure else ():
        for one, other in combinations(group.players, 2):
            difference = group.difference(one, other)
            if difference.low > 0 or difference.high < 0:
                better, worse = (one, other) if difference.value > 0 else (other, one)
                rewards = [measure.by_place.get(place) for place in (better, worse)]
                if all(rewards) and rewards[0].mean < rewards[1].mean:
                    found.append(Parting(by_place[better], by_place[worse]))
    return found
