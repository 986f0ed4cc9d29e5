"""The pages of votes."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from runs.run_picker import run_ids
from runs.selectors import parse_run_id
from runs.services import require_team_to_write
from teams.selectors import may_write, teams_of, teams_written_by
from votes import selectors, services
from votes.charts import picture_of
from votes.forms import DEFAULT_PAIRS, VoteForm, plan_of
from votes.measures import read_measures
from votes.models import Vote
from votes.offers import read_offers
from votes.results import results_of
from votes.verdicts import read_verdicts


@require_GET
def vote_list(request: HttpRequest) -> HttpResponse:
    """The votes of the person's teams, newest first; `?before=` is the last one of the page before."""
    before = parse_run_id(request.GET.get("before", ""))
    votes, has_more = selectors.votes_page(request.user, before)
    progress = selectors.progress_of(request.user, votes)
    context = {
        "votes": [(vote, progress[vote.id], selectors.sees_results(vote, progress[vote.id])) for vote in votes],
        "older": votes[-1].id if has_more else None,
        "before": before,
        "may_start": teams_written_by(request.user).exists(),
        "has_team": teams_of(request.user).exists(),
    }
    return render(request, "votes/vote_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def vote_new(request: HttpRequest) -> HttpResponse:
    """What to vote on: `policies` as `RUN@40,RUN@80` or as ticked boxes, `prompts`, `seeds`, `most` pairs, `name`."""
    require_team_to_write(request.user)
    texts = policy_texts(request.POST if request.method == "POST" else request.GET)
    if request.method == "POST":
        form = VoteForm(request.POST, user=request.user, texts=texts)
        if form.is_valid():
            said = form.cleaned_data
            vote = services.start_vote(
                request.user, form.team, said["name"], form.policies, form.drawn, said["most"],
                prompts=said["prompts"], seeds=said["seeds"],
            )  # fmt: skip
            return redirect("vote", vote.id)
        return render(request, "votes/vote_new.html", _form_context(request, form, is_told=True), status=422)
    given = {"name": "", "prompts": "", "seeds": "", "most": str(DEFAULT_PAIRS)} | request.GET.dict()
    form = VoteForm(given, user=request.user, texts=texts)
    if not given["name"]:
        # It is not typed yet.
        form.errors.pop("name", None)
    return render(request, "votes/vote_new.html", _form_context(request, form, is_told=len(texts) > 1))


@require_GET
def vote_page(request: HttpRequest, vote_id: uuid.UUID) -> HttpResponse:
    """Where a person votes. It names no policy."""
    vote = _visible(request, vote_id)
    return render(request, "votes/vote.html", _context(request, vote))


@require_GET
def vote_results(request: HttpRequest, vote_id: uuid.UUID) -> HttpResponse:
    """What came out, beside the reward `?reward=`; for those who may see it by now."""
    vote = _visible(request, vote_id)
    context = _context(request, vote)
    progress = context["progress"]
    if not context["sees_results"]:
        needed = progress.num_own + progress.num_missing
        return render(request, "votes/not_yet.html", context | {"needed": needed})
    contenders = selectors.contenders_of(vote)
    measures = read_measures(request.user, vote, contenders)
    wanted = request.GET.get("reward", "")
    measure = next((one for one in measures if one.key == wanted), measures[0] if measures else None)
    results = results_of(contenders, read_verdicts(vote), measure)
    picture = picture_of(results.standings)
    return render(
        request,
        "votes/results.html",
        context | {"results": results, "measures": measures, "measure": measure, "picture": picture},
    )


@require_POST
def vote_close(request: HttpRequest, vote_id: uuid.UUID) -> HttpResponse:
    services.close_vote(request.user, _visible(request, vote_id))
    return redirect("vote_results", vote_id)


@require_POST
def vote_delete(request: HttpRequest, vote_id: uuid.UUID) -> HttpResponse:
    vote = _visible(request, vote_id)
    services.delete_vote(request.user, vote)
    messages.info(request, f"The vote “{vote.name}” is deleted.")
    return redirect("votes")


def policy_texts(query: QueryDict) -> list[str]:
    """As a link has them, with commas, and as ticked boxes."""
    return [text for part in query.getlist("policies") for text in part.split(",") if text]


def _visible(request: HttpRequest, vote_id: uuid.UUID) -> Vote:
    return get_object_or_404(selectors.visible_votes(request.user), id=vote_id)


def _context(request: HttpRequest, vote: Vote) -> dict:
    progress = selectors.progress_of(request.user, [vote])[vote.id]
    return {
        "vote": vote,
        "progress": progress,
        "sees_results": selectors.sees_results(vote, progress),
        "may_write": may_write(request.user, vote.team_id),
    }


def _form_context(request: HttpRequest, form: VoteForm, is_told: bool) -> dict:
    """`is_told`: whether what is wrong with the policies is said, which it is not before any are chosen."""
    comparisons, num_pairs = plan_of(form)
    named = [*(ref.run_id for ref in form.refs), *run_ids(request.GET)]
    return {
        "form": form,
        "offers": read_offers(request.user, named),
        "chosen": set(form.refs),
        "comparisons": comparisons,
        "apart": [(form_name(form, one.first), form_name(form, one.second)) for one in comparisons if not one.cells],
        "num_pairs": num_pairs,
        "num_all": sum(len(one.cells) for one in comparisons),
        "is_told": is_told,
    }


def form_name(form: VoteForm, ref) -> str:
    return next(str(policy) for policy in form.policies if policy.ref == ref)
