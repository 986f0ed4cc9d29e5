"""What the panel's page asks the server. It only reads, and asks anew each time what the person may see.

The address carries everything: runs by id, and the view (`x`, `smooth`, `log`, `lost`, `seeds`, `keys`). None of it is
trusted.
"""

from uuid import UUID

import gradio as gr

from runs.metric_names import SHOWN_FIRST, shown_first, title_of
from runs.series import list_metric_keys
from teams.models import User

MAX_RUNS = 50
MAX_SMOOTHING = 0.98


def open_view(request: gr.Request) -> list:
    """The controls as the address says: across, smoothing, logarithmic KL, lost attempts, mean over seeds, curves."""
    query = request.query_params
    return [
        gr.update(value="step" if query.get("x") == "step" else "iteration"),
        gr.update(value=_smoothing(query.get("smooth", "0"))),
        gr.update(value=query.get("log") == "1"),
        gr.update(value=query.get("lost") == "1"),
        gr.update(value=query.get("seeds") == "1"),
        list_curves(request),
    ]


def list_curves(request: gr.Request) -> dict:
    """The picker of curves: those that the runs have (or are going to have), chosen as in the address or the first."""
    query = request.query_params
    keys = _visible_keys(request.username, query.get("runs", "")) or list(SHOWN_FIRST)
    first = shown_first(keys)
    choices = first + [key for key in keys if key not in first]
    wanted = [key for key in query.get("keys", "").split(",") if key in keys]
    return gr.update(choices=[(title_of(key), key) for key in choices], value=wanted or first)


def _visible_keys(username: str | None, runs: str) -> list[str]:
    user = User.objects.filter(pk=username, is_active=True).first()
    return list_metric_keys(user, _run_ids(runs)) if user else []


def _run_ids(text: str) -> list[UUID]:
    ids = []
    for part in text.split(",")[:MAX_RUNS]:
        try:
            ids.append(UUID(part))
        except ValueError:
            continue
    return ids


def _smoothing(text: str) -> float:
    try:
        return max(0.0, min(float(text), MAX_SMOOTHING))
    except ValueError:
        return 0.0
