"""The curves in question of an alert, for its page: thinned, with the moment marked."""

from alerts.models import Alert
from runs.curves import Curve, read_curves
from runs.metric_names import title_of
from runs.models import Evaluation
from runs.selectors import STANDS

MOST_CHARTS = 4


def charts_of(alert: Alert) -> list[dict]:
    """Each with a title, x, y and, of evaluations, the 95 % interval; as the page's script draws them."""
    metrics = [curve for curve in alert.curves if isinstance(curve, str)][:MOST_CHARTS]
    scores = [tuple(curve) for curve in alert.curves if not isinstance(curve, str)][:MOST_CHARTS]
    return [*_metric_charts(alert, metrics), *_score_charts(alert, scores)][:MOST_CHARTS]


def _metric_charts(alert: Alert, keys: list[str]) -> list[dict]:
    curves = read_curves({alert.run_id: 0}, keys).get(alert.run_id) if keys else None
    return [_metric_chart(key, curves.by_key[key]) for key in keys if curves and key in curves.by_key]


def _metric_chart(key: str, curve: Curve) -> dict:
    return {"title": title_of(key), "x": curve.iterations, "y": curve.values}


def _score_charts(alert: Alert, scores: list[tuple[str, str]]) -> list[dict]:
    if not scores:
        return []
    wanted = {prompt_set for prompt_set, _ in scores}
    rows = list(Evaluation.objects.filter(STANDS, run=alert.run_id, prompt_set__in=wanted).order_by("iteration"))
    return [_score_chart(rows, prompt_set, name) for prompt_set, name in scores]


def _score_chart(rows: list[Evaluation], prompt_set: str, name: str) -> dict:
    found = [
        (row.iteration, row.scores[name])
        for row in rows
        if row.prompt_set == prompt_set and row.scores.get(name, {}).get("mean") is not None
    ]
    return {
        "title": f"{name} on {prompt_set}",
        "x": [iteration for iteration, _ in found],
        "y": [score["mean"] for _, score in found],
        "low": [score["low"] for _, score in found],
        "high": [score["high"] for _, score in found],
    }
