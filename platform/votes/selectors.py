"""What may be read of votes. Everything starts from a user and holds only their teams' rows."""

import uuid
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from teams.models import User
from votes.models import Ballot, Contender, Vote

PAGE_SIZE = 50
# So many of their own before a person sees what the others have said.
NUM_BEFORE_RESULTS = 10

ANSWERED = ~Q(answer="")


def visible_votes(user: User) -> QuerySet[Vote]:
    return Vote.objects.filter(team__memberships__user=user).select_related("team", "created_by")


def votes_page(user: User, before: uuid.UUID | None = None) -> tuple[list[Vote], bool]:
    """Newest first, those after the vote `before` in the list, with `num_policies`; and whether there are more."""
    votes = visible_votes(user)
    last = votes.filter(id=before).first() if before else None
    if last:
        votes = votes.filter(Q(created_at__lt=last.created_at) | Q(created_at=last.created_at, id__lt=last.id))
    counted = votes.annotate(num_policies=Count("contenders")).order_by("-created_at", "-id")
    found = list(counted[: PAGE_SIZE + 1])
    return found[:PAGE_SIZE], len(found) > PAGE_SIZE


def contenders_of(vote: Vote) -> list[Contender]:
    return list(vote.contenders.select_related("run"))


def own_ballots(user: User) -> QuerySet[Ballot]:
    """Those before this person, in votes of teams that they are still in."""
    ballots = Ballot.objects.filter(person=user, pair__vote__team__memberships__user=user)
    return ballots.select_related("pair__vote__team")


def open_ballots(user: User, vote: Vote) -> QuerySet[Ballot]:
    """Issued and not answered yet, the first one first."""
    return own_ballots(user).filter(pair__vote=vote, pair__is_gone=False, answer="")


@dataclass(frozen=True)
class Progress:
    """How far a person has come; `num_people` have answered at least once, `num_ballots` together."""

    num_own: int
    num_pairs: int
    num_people: int
    num_ballots: int

    @property
    def num_missing(self) -> int:
        """How many more of their own until the results are shown."""
        return max(0, min(NUM_BEFORE_RESULTS, self.num_pairs) - self.num_own)


def progress_of(user: User, votes: list[Vote]) -> dict[uuid.UUID, Progress]:
    """Of each vote; two queries."""
    ids = [vote.id for vote in votes]
    pairs = Vote.objects.filter(id__in=ids).annotate(num=Count("pairs", filter=Q(pairs__is_gone=False)))
    num_pairs = dict(pairs.order_by().values_list("id", "num"))
    answered = Ballot.objects.filter(ANSWERED, pair__vote__in=ids).order_by().values("pair__vote")
    counts = {
        row["pair__vote"]: row
        for row in answered.annotate(
            own=Count("id", filter=Q(person=user)), people=Count("person", distinct=True), all=Count("id")
        )
    }
    nothing = {"own": 0, "people": 0, "all": 0}
    found = {}
    for vote in votes:
        row = counts.get(vote.id, nothing)
        # What was judged before it went away stays judged.
        total = max(num_pairs.get(vote.id, 0), row["own"])
        found[vote.id] = Progress(row["own"], total, row["people"], row["all"])
    return found


def sees_results(vote: Vote, progress: Progress) -> bool:
    """What others say would colour what a person says: they see it after some ballots of their own, or at the end."""
    return not vote.is_open or progress.num_missing == 0
