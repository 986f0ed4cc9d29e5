"""Experiments: folders of runs that are meant to be compared."""

from typing import Annotated

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from api.idempotency import once
from api.inputs import Text
from api.paging import Order, PageOf, read_page
from api.problems import Problem, refused_for, unfit
from api.schemas import ExperimentOut, ExperimentPage
from runs import services
from runs.forms import ExperimentForm
from runs.overviews import experiments_overview
from teams.models import Team, User
from teams.selectors import teams_of, teams_written_by

router = Router(tags=["Experiments"])

NEWEST_FIRST = Order(("id",), is_descending=True)


class NewExperiment(Schema, extra="forbid"):
    name: Annotated[Text, Field(max_length=120)]
    description: Text = ""
    team: Annotated[Text, Field(description="Its slug; not needed where you write to one team only.")] = ""


@router.get("/experiments", response=ExperimentPage)
def experiments(request: HttpRequest, page: PageOf, team: Text = "", name: Text = ""):
    """The experiments of your teams, newest first; of one `team` (its slug), or with `name` in their name."""
    rows = experiments_overview(request.user).filter(name__icontains=name)
    if team:
        rows = rows.filter(team__slug=team)
    found, following = read_page(rows, NEWEST_FIRST, page)
    return ExperimentPage(items=[ExperimentOut.of(row) for row in found], next=following)


@router.post("/experiments", response={201: ExperimentOut})
@once
def make_experiment(request: HttpRequest, body: NewExperiment):
    """Make an experiment. The name must be new in its team."""
    services.require_team_to_write(request.user)
    team = team_to_write(request.user, body.team)
    form = ExperimentForm({"team": team.id, "name": body.name, "description": body.description}, user=request.user)
    if not form.is_valid():
        texts = [(field, text) for field, found in form.errors.items() for text in found]
        raise refused_for(Problem(field=field, value=getattr(body, field), message=text) for field, text in texts)
    made = services.create_experiment(request.user, **form.cleaned_data)
    return Status(201, ExperimentOut.of(experiments_overview(request.user).get(id=made.id)))


@router.get("/experiments/{experiment_id}", response=ExperimentOut)
def experiment(request: HttpRequest, experiment_id: int):
    return ExperimentOut.of(get_object_or_404(experiments_overview(request.user), id=experiment_id))


def team_to_write(user: User, slug: str) -> Team:
    """Raises PermissionDenied for a team of the person's that they may only read."""
    writable = teams_written_by(user)
    if not slug:
        if len(writable) > 1:
            raise unfit("team", slug, f"You write to several teams: give one of {_slugs(writable)}.")
        return writable[0]
    team = teams_of(user).filter(slug=slug).first()
    if team is None:
        raise unfit("team", slug, f"“{slug}” is no team of yours: give one of {_slugs(writable)}.")
    services.require_writer(user, team.id)
    return team


def _slugs(teams) -> str:
    return ", ".join(team.slug for team in teams)
