"""What people do to votes. Members start, close and delete them; whoever is in the team may vote."""

import random
import uuid
from collections.abc import Sequence

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from pictures.policies import Policy
from pictures.refs import find_pictures, parse_ref
from runs.models import Sample
from runs.services import require_writer
from runs.stored_files import name_of
from teams import audit
from teams.models import Team, User
from votes.choosing import Candidate, choose
from votes.drawn import ANY, Drawn
from votes.models import Ballot, Contender, Pair, Vote
from votes.pairing import take_pairs
from votes.selectors import ANSWERED, open_ballots, own_ballots

# The one that is judged, and the next one, which the browser fetches meanwhile.
NUM_ISSUED = 2

# Nobody must be able to guess the sides from those before.
rng = random.SystemRandom()


class NotPossible(ValueError):
    """What was asked for does not fit what the vote or the ballot is by now."""


def start_vote(
    user: User,
    team: Team,
    name: str,
    policies: Sequence[Policy],
    drawn: Drawn,
    most: int,
    *,
    prompts: str = ANY,
    seeds: Sequence[int] = (),
) -> Vote:
    """A vote on at most so many pairs of what `policies`, all of the team's runs, have `drawn` in common.

    `prompts` and `seeds` say what was read of that (`drawn.read_drawn`). Raises PermissionDenied.
    """
    require_writer(user, team.id)
    taken = take_pairs(drawn, most, rng)
    with transaction.atomic():
        vote = Vote.objects.create(team=team, name=name, prompts=prompts, seeds=list(seeds), created_by=user)
        contenders = Contender.objects.bulk_create(
            Contender(vote=vote, run=policy.run, iteration=policy.iteration, place=place)
            for place, policy in enumerate(policies)
        )
        by_ref = {contender.ref: contender for contender in contenders}
        Pair.objects.bulk_create(
            Pair(
                vote=vote,
                first=by_ref[pair.first],
                second=by_ref[pair.second],
                prompt=pair.cell.prompt,
                seed=pair.cell.seed,
                first_picture=str(pair.first_picture),
                second_picture=str(pair.second_picture),
            )
            for pair in taken
        )
        audit.record(user, team, "started", f"vote “{name}”", f"{len(policies)} policies, {len(taken)} pairs")
    return vote


def close_vote(user: User, vote: Vote) -> bool:
    """From now on nobody votes, and everybody sees the results. Whether it was open. Raises PermissionDenied."""
    require_writer(user, vote.team_id)
    with transaction.atomic():
        was_open = Vote.objects.filter(id=vote.id, closed_at=None).update(closed_at=timezone.now()) > 0
        if was_open:
            audit.record(user, vote.team, "closed", f"vote “{vote.name}”")
    return was_open


def delete_vote(user: User, vote: Vote) -> None:
    """With all that was said in it. Raises PermissionDenied."""
    require_writer(user, vote.team_id)
    with transaction.atomic():
        num_ballots = Ballot.objects.filter(ANSWERED, pair__vote=vote).count()
        audit.record(user, vote.team, "deleted", f"vote “{vote.name}”", f"{num_ballots} ballots")
        vote.delete()


@transaction.atomic
def issue(user: User, vote: Vote) -> list[Ballot]:
    """The ballots before this person, the first one to be answered first; empty where there is nothing left."""
    if not _locked(vote).is_open:
        return []
    ballots = [ballot for ballot in open_ballots(user, vote) if _can_be_shown(user, ballot.pair)]
    for _ in range(NUM_ISSUED - len(ballots)):
        pair = _next_pair(user, vote)
        if pair is None:
            break
        ballots.append(Ballot.objects.create(pair=pair, person=user, first_is_left=rng.random() < 0.5))
    return ballots


@transaction.atomic
def answer(user: User, ballot_id: uuid.UUID, said: str) -> Vote:
    """Answer a ballot, once. Raises Ballot.DoesNotExist where it is not this person's, and NotPossible."""
    vote = own_ballots(user).get(id=ballot_id).pair.vote
    _require_open(vote)
    if not own_ballots(user).filter(id=ballot_id, answer="").update(answer=said, answered_at=timezone.now()):
        raise NotPossible("This pair is judged already: u takes it back.")
    return vote


@transaction.atomic
def undo(user: User, vote: Vote) -> None:
    """Take back the last answer of this person; its pair is the next one they see. Raises NotPossible."""
    _require_open(vote)
    last = own_ballots(user).filter(ANSWERED, pair__vote=vote, pair__is_gone=False).order_by("-answered_at").first()
    if last is None:
        raise NotPossible("There is nothing to take back.")
    Ballot.objects.filter(id=last.id).update(answer="", answered_at=None)


def give_up(pair: Pair) -> None:
    """One of its pictures cannot be shown: nobody gets it any more."""
    Pair.objects.filter(id=pair.id).update(is_gone=True)


def _require_open(vote: Vote) -> None:
    if not _locked(vote).is_open:
        raise NotPossible("The vote is closed: its results can be seen.")


def _locked(vote: Vote) -> Vote:
    """One after another: two windows of a person must not get the same pair, and none an answer in after the end."""
    return Vote.objects.select_for_update(no_key=True).get(id=vote.id)


def _next_pair(user: User, vote: Vote) -> Pair | None:
    """One that can still be shown."""
    candidates = _candidates(user, vote)
    while (chosen := choose(candidates, rng)) is not None:
        pair = Pair.objects.get(id=chosen.pair_id)
        if _can_be_shown(user, pair):
            return pair
        candidates = [candidate for candidate in candidates if candidate != chosen]
    return None


def _candidates(user: User, vote: Vote) -> list[Candidate]:
    """Ballots that lie before this person count as judged: so the one after is of another comparison."""
    theirs = Ballot.objects.filter(pair=OuterRef("id"), person=user)
    counted = Count("ballots", filter=~Q(ballots__answer="") | Q(ballots__person=user))
    rows = Pair.objects.filter(vote=vote, is_gone=False).annotate(num=counted, is_known=Exists(theirs))
    return [
        Candidate(pair_id, (first, second), num, not is_known)
        for pair_id, first, second, num, is_known in rows.values_list("id", "first", "second", "num", "is_known")
    ]


def _can_be_shown(user: User, pair: Pair) -> bool:
    """Whether both pictures still count and have their files; a pair that has lost one is marked."""
    found = find_pictures(user, [parse_ref(pair.first_picture), parse_ref(pair.second_picture)])
    names = [name_of(row) if isinstance(row, Sample) else row.path for row in found.values()]
    if len(names) == 2 and all(map(default_storage.exists, names)):
        return True
    give_up(pair)
    return False
