"""Blind votes: starting one, how far it is, and what came out. Pairs are judged in the browser."""

import uuid
from datetime import datetime
from typing import Annotated, Self

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.paging import Order, PageOf, read_page
from api.problems import Problem, refused_for
from runs.services import require_team_to_write
from sweeps.axes import MOST_VALUES
from teams.models import User
from votes import selectors, services
from votes.forms import DEFAULT_PAIRS, MOST_POLICIES, VoteForm
from votes.measures import read_measures
from votes.models import Vote
from votes.rates import Rate
from votes.results import Results, Standing, results_of
from votes.selectors import Progress
from votes.verdicts import read_verdicts

router = Router(tags=["Votes"])

NEWEST_FIRST = Order(("created_at", "id"), is_descending=True)
# What a field of the page's form is called here.
FIELDS = {"__all__": "policies", "most": "num_pairs"}


class NewVote(Schema, extra="forbid"):
    name: Annotated[Text, Field(max_length=120)]
    policies: Annotated[
        list[Text],
        Field(max_length=2 * MOST_POLICIES, description="RUN@40: a run after 40 iterations; @0 its base model."),
    ]
    prompts: Annotated[
        Text, Field(description="“samples” for the samples of the runs, or a prompt set; left out, every picture.")
    ] = ""
    seeds: Annotated[list[int], Field(max_length=MOST_VALUES, description="Left out, any.")] = []
    num_pairs: Annotated[int, Field(description="At most so many.")] = DEFAULT_PAIRS


class VoteOut(Schema):
    """`num_own` are this person's answers. Results are shown after some of them, or once the vote is closed."""

    id: uuid.UUID
    name: str
    team: str
    is_open: bool
    created_at: datetime
    num_pairs: int
    num_ballots: int
    num_people: int
    num_own: int
    shows_results: bool
    page: str

    @classmethod
    def of(cls, vote: Vote, progress: Progress, **more) -> Self:
        same = {name: getattr(vote, name) for name in ("id", "name", "is_open", "created_at")}
        counts = {name: getattr(progress, name) for name in ("num_pairs", "num_ballots", "num_people", "num_own")}
        shows, page = selectors.sees_results(vote, progress), reverse("vote", args=[vote.id])
        return cls(**same, **counts, team=vote.team.slug, shows_results=shows, page=page, **more)


class VotePage(Schema):
    items: list[VoteOut]
    next: str | None


class IntervalOut(Schema):
    """With its 95 % interval, where there is one."""

    value: float
    low: float | None
    high: float | None


class StandingOut(Schema):
    """`strength` is in log-odds, comparable among policies of one `group`; both are null where nobody judged it."""

    policy: str
    name: str
    group: int | None
    strength: IntervalOut | None
    num_won: int
    num_lost: int
    num_tied: int
    num_bad: int
    win_rate: IntervalOut | None
    rewards: dict[str, IntervalOut]

    @classmethod
    def of(cls, standing: Standing, rewards: dict[str, IntervalOut]) -> Self:
        rate, strength = standing.rate, standing.strength
        return cls(
            policy=str(standing.contender.ref),
            name=str(standing.contender),
            group=standing.group,
            strength=strength and IntervalOut(value=strength.value, low=strength.low, high=strength.high),
            **{name: getattr(rate, name) for name in ("num_won", "num_lost", "num_tied", "num_bad")},
            win_rate=_rate(rate),
            rewards=rewards,
        )


class PersonOut(Schema):
    """`agreement` is how often they say the same as others on the same pair."""

    person: str | None
    num_ballots: int
    agreement: float | None


class ResultsOut(Schema):
    """Strongest first."""

    policies: list[StandingOut]
    people: list[PersonOut]
    alpha: Annotated[float | None, Field(description="Krippendorff's: 1 where all agree, 0 where it is chance.")]


class VoteDetail(VoteOut):
    results: ResultsOut | None


@router.get("/votes", response=VotePage)
def votes(request: HttpRequest, page: PageOf):
    """The votes of your teams, newest first."""
    found, following = read_page(selectors.visible_votes(request.user), NEWEST_FIRST, page)
    progress = selectors.progress_of(request.user, found)
    return VotePage(items=[VoteOut.of(vote, progress[vote.id]) for vote in found], next=following)


@router.post("/votes", response={201: VoteOut})
@once
def start_vote(request: HttpRequest, body: NewVote):
    """Start a vote on pictures of the same prompts and seeds."""
    require_team_to_write(request.user)
    seeds = ",".join(map(str, body.seeds))
    data = {"name": body.name.strip(), "prompts": body.prompts, "seeds": seeds, "most": str(body.num_pairs)}
    form = VoteForm(data, user=request.user, texts=body.policies)
    if not form.is_valid():
        raise refused_for(
            Problem(field=FIELDS.get(name, name), message=message)
            for name, messages in form.errors.items()
            for message in messages
        )
    vote = services.start_vote(
        request.user, form.team, body.name.strip(), form.policies, form.drawn, body.num_pairs,
        prompts=body.prompts, seeds=body.seeds,
    )  # fmt: skip
    return Status(201, _described(request.user, vote))


@router.get("/votes/{vote_id}", response=VoteDetail)
def vote(request: HttpRequest, vote_id: uuid.UUID):
    """How far a vote is, and its results where you may see them by now."""
    found = _visible(request, vote_id)
    progress = selectors.progress_of(request.user, [found])[found.id]
    is_shown = selectors.sees_results(found, progress)
    return VoteDetail.of(found, progress, results=_results(request.user, found) if is_shown else None)


@router.post("/votes/{vote_id}/close", response=VoteOut)
@once
def close_vote(request: HttpRequest, vote_id: uuid.UUID):
    """Nobody votes in it any more, and everybody sees the results. It cannot be opened again."""
    services.close_vote(request.user, _visible(request, vote_id))
    return Status(200, _described(request.user, _visible(request, vote_id)))


@router.delete("/votes/{vote_id}", response={204: None})
def delete_vote(request: HttpRequest, vote_id: uuid.UUID):
    """With all its ballots."""
    services.delete_vote(request.user, _visible(request, vote_id))
    return Status(204, None)


def _visible(request: HttpRequest, vote_id: uuid.UUID) -> Vote:
    return get_object_or_404(selectors.visible_votes(request.user), id=vote_id)


def _described(user: User, vote: Vote) -> VoteOut:
    return VoteOut.of(vote, selectors.progress_of(user, [vote])[vote.id])


def _results(user: User, vote: Vote) -> ResultsOut:
    contenders = selectors.contenders_of(vote)
    measures = read_measures(user, vote, contenders)
    results: Results = results_of(contenders, read_verdicts(vote))

    def rewards_of(place: int) -> dict[str, IntervalOut]:
        known = {one.key: one.by_place[place] for one in measures if place in one.by_place}
        return {key: IntervalOut(value=one.mean, low=one.low, high=one.high) for key, one in known.items()}

    return ResultsOut(
        policies=[StandingOut.of(one, rewards_of(one.contender.place)) for one in results.standings],
        people=[
            PersonOut(person=one.name, num_ballots=one.num, agreement=one.agreement.share) for one in results.people
        ],
        alpha=results.alpha,
    )


def _rate(rate: Rate) -> IntervalOut | None:
    return IntervalOut(value=rate.mean, low=rate.low, high=rate.high) if rate.num else None
