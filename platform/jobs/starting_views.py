"""Where jobs are asked for: from the form of a run, and from a reward config of the catalogue."""

import json

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from catalog.models import Kind, Version
from catalog.selectors import visible_versions
from flowdppo_engine.config import RunConfig
from jobs import services
from jobs.forms import DryRunForm, messages_of
from jobs.uploads import MAX_FILES
from runs.config_errors import ConfigInvalid
from runs.models import Experiment
from runs.run_entry import entry_of_post
from runs.run_form_views import experiment_to_write
from teams.models import Team
from teams.selectors import may_write, teams_of

NO_RIGHT = "Viewers cannot start jobs: ask an owner of the team to make you a member."


@require_POST
def dry_run_of_form(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """What to score with the rewards that stand in the form of a run."""
    experiment = experiment_to_write(request, experiment_id)
    config = _typed(request)
    if config is None:
        return _not_ready(request, experiment)
    whole = json.dumps(config.model_dump(mode="json"))
    return _ask(request, experiment.team, {"config": whole, "name": experiment.name, "base": ""})


@require_GET
def dry_run_of_version(request: HttpRequest, version_id: int) -> HttpResponse:
    """What to score with a reward config of the catalogue."""
    configs = visible_versions(request.user).filter(item__kind=Kind.REWARDS)
    version: Version = get_object_or_404(configs, id=version_id)
    _require_writer(request, version.item.team)
    rewards = json.dumps({"rewards": version.content})
    return _ask(request, version.item.team, {"config": rewards, "name": str(version)})


@require_POST
def dry_run(request: HttpRequest, team_id: int) -> HttpResponse:
    team = get_object_or_404(teams_of(request.user), id=team_id)
    _require_writer(request, team)
    form = DryRunForm(request.POST, request.FILES, user=request.user, team=team)
    if form.is_valid():
        data = form.cleaned_data
        try:
            job = services.dry_run(request.user, team, data["name"], data["checked"], **form.what_to_score())
            return redirect("job", job.id)
        except ConfigInvalid as invalid:
            for message in messages_of(invalid):
                form.add_error(None, message)
        except ValidationError as error:
            form.add_error(None, error)
    return _render(request, team, form, status=422)


@require_POST
def preflight_of_form(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """Try the first step of what stands in the form of a run."""
    experiment = experiment_to_write(request, experiment_id)
    config = _typed(request)
    if config is None:
        return _not_ready(request, experiment)
    name = request.POST.get("name", "").strip() or experiment.name
    try:
        return redirect("job", services.preflight(request.user, experiment.team, name, config).id)
    except (ConfigInvalid, ValidationError) as error:
        problems = messages_of(error) if isinstance(error, ConfigInvalid) else error.messages
        messages.error(request, " ".join(problems))
        return redirect("jobs")


def _typed(request: HttpRequest) -> RunConfig | None:
    return entry_of_post(request.user, request.POST).judged()[1]


def _not_ready(request: HttpRequest, experiment: Experiment) -> HttpResponse:
    entry, _ = entry_of_post(request.user, request.POST).judged()
    problems = messages_of(ConfigInvalid(entry.errors or {}))
    return render(request, "jobs/not_ready.html", {"experiment": experiment, "problems": problems}, status=422)


def _ask(request: HttpRequest, team: Team, initial: dict) -> HttpResponse:
    return _render(request, team, DryRunForm(user=request.user, team=team, initial=initial))


def _render(request: HttpRequest, team: Team, form: DryRunForm, status: int = 200) -> HttpResponse:
    context = {"form": form, "team": team, "max_files": MAX_FILES}
    return render(request, "jobs/dry_run.html", context, status=status)


def _require_writer(request: HttpRequest, team: Team) -> None:
    if not may_write(request.user, team.id):
        raise PermissionDenied(NO_RIGHT)
