"""Who may open the addresses of votes: whoever is in the team may vote, members start, close and delete."""

from django.db.models import QuerySet
from django.utils import timezone

from teams.models import Role, Team
from tests.platform.access import FETCHED_BY_TEAM, SIGNED_IN, TEAM, Access
from tests.platform.lab import Lab, add_run
from tests.platform.votes.ballot_box import add_vote, judge
from votes import services
from votes.models import Ballot, Contender, Pair, Vote

VOTE = {"vote_id": "vote"}
CLOSED = {"vote_id": "closed_vote"}
BALLOT = {"ballot_id": "ballot"}

GET_REFUSED = (302, 405, 405, 405, 405)
FETCH_REFUSED = (405, 405, 405, 405, 405)
WRITERS_DO = (302, 404, 403, 302, 302)
# The ballot is the viewer's: not even an owner sees what lies before somebody else.
VIEWERS_OWN = (401, 404, 200, 404, 404)
WANTED = {"name": "Which?", "policies": "{vote_run}@0,{vote_run}@40", "prompts": "", "most": "60"}

ACCESS = {
    "votes": [Access(SIGNED_IN)],
    "vote_new": [
        # Strangers have a team of their own, in which they may start votes; viewers have none.
        Access((302, 200, 403, 200, 200), query="?policies={vote_run}@0,{vote_run}@40"),
        Access((302, 422, 403, 302, 302), post=WANTED),
        Access((302, 422, 403, 422, 422), post=WANTED | {"name": ""}),
    ],
    "vote": [Access(TEAM, kwargs=VOTE), Access(TEAM, kwargs=CLOSED)],
    "vote_results": [Access(TEAM, kwargs=VOTE), Access(TEAM, kwargs=CLOSED)],
    "vote_close": [Access(GET_REFUSED, kwargs=VOTE), Access(WRITERS_DO, kwargs=VOTE, post={})],
    "vote_delete": [Access(GET_REFUSED, kwargs=VOTE), Access(WRITERS_DO, kwargs=VOTE, post={})],
    "vote_next": [Access(FETCH_REFUSED, kwargs=VOTE), Access(FETCHED_BY_TEAM, kwargs=VOTE, post={})],
    # Nobody but the viewer has answered yet.
    "vote_undo": [Access(FETCH_REFUSED, kwargs=VOTE), Access((401, 404, 200, 409, 409), kwargs=VOTE, post={})],
    "ballot_answer": [
        Access(FETCH_REFUSED, kwargs=BALLOT),
        Access(VIEWERS_OWN, kwargs=BALLOT, post={"answer": "left"}),
        Access((401, 400, 400, 400, 400), kwargs=BALLOT, post={"answer": "both"}),
    ],
    "ballot_left": [Access(VIEWERS_OWN, kwargs=BALLOT)],
    "ballot_right": [Access(VIEWERS_OWN, kwargs=BALLOT)],
}


def make_things(lab: Lab) -> dict:
    """Every address of the site waits for them: they are as few as will do."""
    run = add_run(lab.experiment)
    vote = add_vote(lab, run, prompts=["a circle"], seeds=(1, 2))
    judge(lab.viewer, vote, 1)
    closed = Vote.objects.create(team=lab.team, name="Over", closed_at=timezone.now())
    ballot = services.issue(lab.viewer, vote)[0]
    return {"vote": vote.id, "closed_vote": closed.id, "vote_run": run.id, "ballot": ballot.id}


def rows_of(team: Team) -> list[QuerySet]:
    """Viewers answer their own ballots, and no other ones."""
    votes = Vote.objects.filter(team=team)
    viewers = team.memberships.filter(role=Role.VIEWER).values("user")
    return [
        votes,
        Contender.objects.filter(vote__in=votes),
        Pair.objects.filter(vote__in=votes),
        Ballot.objects.filter(pair__vote__in=votes).exclude(person__in=viewers),
    ]
