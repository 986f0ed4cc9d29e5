"""The pages of sweeps, and what is done on them."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from runs.models import Run
from runs.selectors import parse_run_id, visible_experiments, visible_runs
from sweeps import selectors, services
from sweeps.axes import AxesInvalid, format_value, parse_seeds
from sweeps.models import Sweep
from sweeps.pictures import picture_of
from sweeps.points import labels_of
from sweeps.results import Measure, measures_of, point_rows
from sweeps.seed_tables import seed_table
from teams.models import User
from teams.selectors import may_write

PAGE_SIZE = 50
MOST_RUNS_OVER_SEEDS = 500


@require_GET
def sweep_list(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """The experiment's sweeps, newest first; with `?before=` those before one of them."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    before = parse_run_id(request.GET.get("before", ""))
    found = list(selectors.sweeps_before(request.user, experiment, before)[: PAGE_SIZE + 1])
    context = {
        "experiment": experiment,
        "sweeps": found[:PAGE_SIZE],
        "older": found[PAGE_SIZE - 1].id if len(found) > PAGE_SIZE else None,
        "before": before,
        "may_write": may_write(request.user, experiment.team_id),
    }
    return render(request, "sweeps/sweep_list.html", context)


@require_GET
def seeds_page(request: HttpRequest, experiment_id: int) -> HttpResponse:
    """The experiment's newest runs, those that differ by their seed alone as one row, compared by `?measure=`."""
    experiment = get_object_or_404(visible_experiments(request.user), id=experiment_id)
    runs = visible_runs(request.user).filter(experiment=experiment, archived_at=None)
    newest = list(runs.order_by("-created_at", "id")[: MOST_RUNS_OVER_SEEDS + 1])
    measures, measure = _measures(newest, request.GET.get("measure", ""))
    table = seed_table(newest[:MOST_RUNS_OVER_SEEDS], measure)
    context = {
        "experiment": experiment,
        "table": table,
        "labels": list(labels_of(table.knobs, newest[0].config).values()) if newest else [],
        "measures": measures,
        "measure": measure,
        "num_shown": MOST_RUNS_OVER_SEEDS if len(newest) > MOST_RUNS_OVER_SEEDS else None,
    }
    return render(request, "sweeps/seeds.html", context)


@require_GET
def sweep_page(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """The points with mean and interval over seeds, compared by `?measure=`."""
    sweep = _visible(request, sweep_id)
    return render(request, "sweeps/sweep.html", _context(request.user, sweep, request.GET.get("measure", "")))


@require_GET
def sweep_results(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """The part of the page that moves."""
    sweep = _visible(request, sweep_id)
    return render(request, "sweeps/_results.html", _context(request.user, sweep, request.GET.get("measure", "")))


@require_POST
def sweep_cancel(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    services.cancel_sweep(request.user, _visible(request, sweep_id))
    messages.info(request, "Every run that has not ended writes a last checkpoint and stops.")
    return redirect("sweep", sweep_id)


@require_POST
def sweep_seeds(request: HttpRequest, sweep_id: uuid.UUID) -> HttpResponse:
    """More seeds for every point."""
    sweep = _visible(request, sweep_id)
    typed = request.POST.get("seeds", "").strip()
    try:
        if not typed:
            raise AxesInvalid(["Empty: give seeds, as in 3, 4 or 3 to 5."])
        num_made = services.add_seeds(request.user, sweep, parse_seeds(typed, default=0))
    except AxesInvalid as invalid:
        services.require_writer(request.user, sweep.experiment.team_id)
        context = {**_context(request.user, sweep, ""), "typed_seeds": typed, "seed_problems": invalid.messages}
        return render(request, "sweeps/sweep.html", context, status=422)
    messages.info(request, f"{num_made} runs are queued." if num_made else "The sweep has these seeds already.")
    return redirect("sweep", sweep_id)


def _visible(request: HttpRequest, sweep_id: uuid.UUID) -> Sweep:
    return get_object_or_404(selectors.visible_sweeps(request.user), id=sweep_id)


def _measures(runs: list[Run], wanted: str) -> tuple[list[Measure], Measure]:
    """What there is to compare by, and what was asked for."""
    measures = measures_of(runs)
    return measures, next((one for one in measures if one.key == wanted), measures[0])


def _context(user: User, sweep: Sweep, wanted: str) -> dict:
    members = list(selectors.members_of(user, sweep))
    runs = [member.run for member in members]
    measures, measure = _measures(runs, wanted)
    rows = point_rows(sweep.knobs, members, measure)
    labels = labels_of(sweep.knobs, sweep.config)
    return {
        "sweep": sweep,
        "experiment": sweep.experiment,
        "rows": rows,
        "labels": list(labels.values()),
        "axes": [(labels[axis["knob"]], axis["knob"], [*map(format_value, axis["values"])]) for axis in sweep.axes],
        "measures": measures,
        "measure": measure,
        "is_usual": measure in measures[:1],
        "picture": picture_of(sweep.axes, rows, measure, labels),
        "num_runs": len(runs),
        "num_finished": sum(row.num_finished for row in rows),
        "num_failed": sum(row.num_failed for row in rows),
        "is_live": any(run.is_live for run in runs),
        "panel_runs": ",".join(str(run.id) for run in runs[:MOST_IN_PANEL]),
        "may_write": may_write(user, sweep.experiment.team_id),
    }


# As many as the panel takes.
MOST_IN_PANEL = 50
