"""What the rewards say of the same policies, to stand beside what people say."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from catalog.prompt_files import name_of
from pictures.refs import find_pictures, parse_ref
from runs.models import Evaluation
from runs.selectors import visible_evaluations
from sweeps.statistics import mean_over_seeds
from teams.models import User
from votes.models import Contender, Vote

PICTURES, EVALUATION = "pictures", "evaluation"
DRIFT = "drift/"


@dataclass(frozen=True)
class Measured:
    """A mean with its 95 % interval, where there is one."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Measure:
    """One reward of these policies; `by_place` goes by their places in the vote."""

    key: str
    title: str
    by_place: dict[int, Measured]


def read_measures(user: User, vote: Vote, contenders: Sequence[Contender]) -> list[Measure]:
    """The rewards of the very pictures that people judged, then what evaluations of the policies have found.

    Those that most policies have come first.
    """
    found = [*_of_pictures(user, vote), *_of_evaluations(user, contenders)]
    return sorted(found, key=lambda measure: -len(measure.by_place))


def _of_pictures(user: User, vote: Vote) -> list[Measure]:
    """The mean over prompts of the mean over a prompt's pictures; its interval is Student's over prompts."""
    places: dict = {}
    pairs = vote.pairs.filter(ballots__answered_at__isnull=False).distinct()
    columns = ("first_picture", "first__place", "second_picture", "second__place")
    for first, first_place, second, second_place in pairs.values_list(*columns):
        places |= {parse_ref(first): first_place, parse_ref(second): second_place}
    scores: dict = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for ref, row in find_pictures(user, places).items():
        for name, value in row.rewards.items():
            if isinstance(value, int | float) and isfinite(value):
                scores[name][places[ref]][row.prompt].append(float(value))
    measures = []
    for name, by_place in sorted(scores.items()):
        means = {
            place: mean_over_seeds(sum(values) / len(values) for values in by_prompt.values())
            for place, by_prompt in by_place.items()
        }
        by_place = {place: Measured(found.mean, found.low, found.high) for place, found in means.items()}
        measures.append(Measure(f"{PICTURES}/{name}", f"{name} of these pictures", by_place))
    return measures


def _of_evaluations(user: User, contenders: Sequence[Contender]) -> list[Measure]:
    places = {(contender.run_id, contender.iteration): contender.place for contender in contenders}
    runs, iterations = ({key[part] for key in places} for part in (0, 1))
    rows = visible_evaluations(user).filter(run__in=runs, iteration__in=iterations)
    found: dict = defaultdict(dict)
    for row in rows:
        if (row.run_id, row.iteration) in places:
            for name, measured in _scores_of(row):
                found[row.prompt_set, name][places[row.run_id, row.iteration]] = measured
    return [
        Measure(f"{EVALUATION}/{prompt_set}/{name}", f"{name} on {name_of(prompt_set)}", by_place)
        for (prompt_set, name), by_place in sorted(found.items())
    ]


def _scores_of(row: Evaluation) -> list[tuple[str, Measured]]:
    """How far a policy has moved is no reward."""
    return [
        (name, Measured(score["mean"], score.get("low"), score.get("high")))
        for name, score in row.scores.items()
        if not name.startswith(DRIFT) and isinstance(score.get("mean"), int | float)
    ]
