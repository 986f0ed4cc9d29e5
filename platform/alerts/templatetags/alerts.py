"""`{% alert_strip run=run %}` and `{% alert_strip experiment=experiment %}`: the open alerts, on their pages."""

from django import template

from alerts.selectors import open_alerts
from alerts.views import strip_context
from runs.models import Experiment, Run

register = template.Library()


@register.inclusion_tag("alerts/_strip.html", takes_context=True)
def alert_strip(context, run: Run | None = None, experiment: Experiment | None = None) -> dict:
    alerts = open_alerts(context["request"].user)
    if run is not None:
        return strip_context(alerts.filter(run=run), run)
    return strip_context(alerts.filter(run__experiment=experiment))
