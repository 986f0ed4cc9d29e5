"""Votes for tests, on drawings with their files."""

from collections.abc import Sequence

from django.utils import timezone

from pictures.policies import PolicyRef, find_policies
from runs.models import Run
from teams.models import User
from tests.platform.lab import Lab, add_run
from tests.platform.pictures.easel import add_drawing
from votes import services
from votes.drawn import read_drawn
from votes.models import Answer, Ballot, Vote

PROMPTS = ("a red circle", "a green square", "a blue star")


def add_drawings(run: Run, iterations: Sequence[int], prompts: Sequence[str] = PROMPTS, seeds: Sequence[int] = (1,)):
    """Every prompt with every seed. The score of a picture is its iteration's hundredth."""
    for iteration in iterations:
        for prompt in prompts:
            for seed in seeds:
                add_drawing(run, iteration, prompt, seed, rewards={"quality": iteration / 100})


def add_vote(lab: Lab, run: Run | None = None, iterations: Sequence[int] = (0, 40), most: int = 60, **drawn) -> Vote:
    """Between iterations of one run, which it has drawn for it."""
    run = run or add_run(lab.experiment)
    add_drawings(run, iterations, **drawn)
    policies = find_policies(lab.member, [PolicyRef(run.id, iteration) for iteration in iterations]).values()
    policies = list(policies)
    return services.start_vote(
        lab.member, lab.team, "Which is better?", policies, read_drawn(lab.member, policies), most
    )


def prefer(ballot: Ballot, iteration: int) -> str:
    """The answer that says that this iteration's picture is the better one."""
    is_first = ballot.pair.first.iteration == iteration
    return Answer.LEFT if is_first == ballot.first_is_left else Answer.RIGHT


def judge(user: User, vote: Vote, num: int, iteration: int = 40) -> None:
    """So many answers, each for this iteration; the sides change from pair to pair."""
    fresh = vote.pairs.exclude(ballots__person=user).select_related("first", "second")
    for number, pair in enumerate(list(fresh[:num])):
        ballot = Ballot(pair=pair, person=user, first_is_left=number % 2 == 0, answered_at=timezone.now())
        ballot.answer = prefer(ballot, iteration)
        ballot.save()
