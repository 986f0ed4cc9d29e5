"""What the page of a vote fetches: the next ballots, their pictures by side, an answer, the way back."""

import uuid

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_POST

from core.for_scripts import answers_scripts
from runs.panel_views import fetched
from votes import blind, selectors, services
from votes.models import Answer, Ballot, Vote
from votes.services import NotPossible

# A ballot's pictures never change, and its address is known to one person.
KEPT = "private, max-age=86400"

posted = answers_scripts(require_POST, NotPossible, 409)


@posted
def vote_next(request: HttpRequest, vote_id: uuid.UUID) -> HttpResponse:
    """What is before this person now; ballots are issued as needed."""
    vote = get_object_or_404(selectors.visible_votes(request.user), id=vote_id)
    return _state(request, vote)


@posted
def ballot_answer(request: HttpRequest, ballot_id: uuid.UUID) -> HttpResponse:
    """`answer` is left, right, tie or bad."""
    said = request.POST.get("answer", "")
    if said not in Answer.values:
        return JsonResponse({"error": f"answer = {said[:40]}: give {', '.join(Answer.values)}."}, status=400)
    try:
        vote = services.answer(request.user, ballot_id, said)
    except Ballot.DoesNotExist:
        raise Http404("There is no such ballot of yours.") from None
    return _state(request, vote)


@posted
def vote_undo(request: HttpRequest, vote_id: uuid.UUID) -> HttpResponse:
    vote = get_object_or_404(selectors.visible_votes(request.user), id=vote_id)
    services.undo(request.user, vote)
    return _state(request, vote)


@fetched
def ballot_picture(request: HttpRequest, ballot_id: uuid.UUID, side: str) -> HttpResponse:
    """The picture on one side of a person's own ballot. Neither its address nor an ETag goes by the picture's id."""
    ballot = get_object_or_404(selectors.own_ballots(request.user), id=ballot_id)
    try:
        picture = blind.read_side(request.user, ballot, side)
    except FileNotFoundError:
        services.give_up(ballot.pair)
        raise Http404("This picture is gone.") from None
    return HttpResponse(picture.content, content_type=picture.content_type, headers={"Cache-Control": KEPT})


def _state(request: HttpRequest, vote: Vote) -> HttpResponse:
    ballots = services.issue(request.user, vote)
    vote.refresh_from_db(fields=["closed_at"])
    progress = selectors.progress_of(request.user, [vote])[vote.id]
    content = {
        "ballots": [_describe(ballot) for ballot in ballots],
        "num_own": progress.num_own,
        "num_pairs": progress.num_pairs,
        "num_people": progress.num_people,
        "num_missing": progress.num_missing,
        "is_open": vote.is_open,
        "sees_results": selectors.sees_results(vote, progress),
    }
    return JsonResponse(content, headers={"Cache-Control": "private, no-store"})


def _describe(ballot: Ballot) -> dict:
    """Nothing in it tells which side is whose."""
    addresses = {name: reverse(f"ballot_{name}", args=[ballot.id]) for name in ("left", "right", "answer")}
    return {"id": str(ballot.id), "prompt": ballot.pair.prompt, **addresses}
