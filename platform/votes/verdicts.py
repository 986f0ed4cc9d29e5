"""What people said, with the sides taken out: which policy of a pair was better."""

from dataclasses import dataclass
from enum import Enum

from votes.models import Answer, Ballot, Vote
from votes.selectors import ANSWERED


class Outcome(Enum):
    """`score` is that of the first policy."""

    FIRST = 1.0
    SECOND = 0.0
    TIE = 0.5
    BAD = "bad"

    @property
    def score(self) -> float:
        return 0.5 if self is Outcome.BAD else self.value


@dataclass(frozen=True)
class Verdict:
    """`first` and `second` are places of policies in the vote; `person` is None where the account is gone."""

    pair: int
    first: int
    second: int
    prompt: str
    person: str | None
    outcome: Outcome


def read_verdicts(vote: Vote) -> list[Verdict]:
    """In the order in which they were given; one query. Who asks must have found the vote for a person."""
    rows = Ballot.objects.filter(ANSWERED, pair__vote=vote).order_by("answered_at", "id")
    columns = ("pair", "pair__first__place", "pair__second__place", "pair__prompt", "person__email")
    return [
        Verdict(*row, outcome_of(answer, first_is_left))
        for *row, answer, first_is_left in rows.values_list(*columns, "answer", "first_is_left")
    ]


def outcome_of(answer: str, first_is_left: bool) -> Outcome:
    match answer:
        case Answer.TIE:
            return Outcome.TIE
        case Answer.BAD:
            return Outcome.BAD
    return Outcome.FIRST if (answer == Answer.LEFT) == first_is_left else Outcome.SECOND
