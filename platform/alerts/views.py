"""The pages of alerts: the list, one alert with what shows it, and the strip on the pages of runs and experiments."""

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from alerts import selectors, services
from alerts.charts import pictures_of
from alerts.evidence import total_reward
from alerts.telling import weights_of
from runs.models import Run, Sample
from runs.selectors import visible_runs
from teams.selectors import may_write, teams_written_by

MOST_IN_STRIP = 3


@require_GET
def alert_list(request: HttpRequest) -> HttpResponse:
    """Open ones, or with `?show=all` all of them, newest first; `?before=` is the last one of the page before."""
    shows_all = request.GET.get("show") == "all"
    alerts = (selectors.visible_alerts if shows_all else selectors.open_alerts)(request.user)
    before = request.GET.get("before", "")
    rows = list(
        selectors.alerts_before(alerts, int(before) if before.isdecimal() else None)[: selectors.PAGE_SIZE + 1]
    )
    page = rows[: selectors.PAGE_SIZE]
    older = page[-1].id if len(rows) > selectors.PAGE_SIZE else None
    context = {
        "alerts": page,
        "shows_all": shows_all,
        "may_write": teams_written_by(request.user).exists(),
        "before": before,
        "older": older,
    }
    return render(request, "alerts/alert_list.html", context)


@require_GET
def alert_page(request: HttpRequest, alert_id: int) -> HttpResponse:
    alert = get_object_or_404(selectors.visible_alerts(request.user), id=alert_id)
    weights = weights_of(Run.objects.values_list("config__rewards", flat=True).get(id=alert.run_id))
    evidence = list(alert.evidence.select_related("now", "then"))
    context = {
        "alert": alert,
        "pictures": pictures_of(alert),
        "pairs": [(_shown(pair.now, weights), _shown(pair.then, weights)) for pair in evidence],
        "now": evidence[0].now.iteration if evidence else None,
        "then": next((pair.then.iteration for pair in evidence if pair.then), None),
        "may_write": may_write(request.user, alert.run.experiment.team_id),
    }
    return render(request, "alerts/alert.html", context)


@require_POST
def alert_acknowledge(request: HttpRequest, alert_id: int) -> HttpResponse:
    alert = get_object_or_404(selectors.visible_alerts(request.user), id=alert_id)
    services.acknowledge(request.user, alert)
    return redirect("alert", alert_id)


@require_POST
def alerts_acknowledge(request: HttpRequest) -> HttpResponse:
    """Each `alert` that was shown and that the person may see to."""
    ids = [int(text) for text in request.POST.getlist("alert")[: selectors.PAGE_SIZE] if text.isdecimal()]
    services.acknowledge_all(request.user, selectors.visible_alerts(request.user).filter(id__in=ids))
    return redirect("alerts")


@require_GET
def run_alerts(request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
    """The strip of a run's open alerts, for its page to refresh."""
    run = get_object_or_404(visible_runs(request.user), id=run_id)
    return render(
        request, "alerts/_strip.html", strip_context(selectors.open_alerts(request.user).filter(run=run), run)
    )


def strip_context(alerts, run: Run | None = None) -> dict:
    rows = list(alerts[: selectors.PAGE_SIZE + 1])
    return {"strip": rows[:MOST_IN_STRIP], "num_more": max(0, len(rows) - MOST_IN_STRIP), "strip_run": run}


def _shown(sample: Sample | None, weights: dict) -> dict | None:
    if sample is None:
        return None
    rewards = [(name, sample.rewards.get(name)) for name in weights if name in sample.rewards]
    return {"sample": sample, "rewards": rewards, "total": total_reward(sample, weights)}
