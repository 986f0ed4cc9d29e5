"""What the panel's page asks the server. It only reads, and asks anew each time what the person may see.

The address carries everything: runs by id, and the view (`x`, `smooth`, `log`, `lost`, `seeds`, `multiples`, `keys`,
and what the scripts read of it). None of it is trusted.
"""

from uuid import UUID

import gradio as gr

from runs.metric_names import SHOWN_FIRST, shown_first, title_of
from runs.series import list_metric_keys
from teams.models import User

MAX_RUNS = 50
MAX_SMOOTHING = 0.98
X_AXES = ("iteration", "step", "samples", "hours")
# As in the address: before there was a choice, 1 stood for the KLs.
LOG_AXES = {"1": "kl", "all": "all"}


def open_view(request: gr.Request) -> list:
    """The controls as the address says, in the order of the page: `frontend.panel.page`."""
    query = request.query_params
    return [
        gr.update(value=query.get("x") if query.get("x") in X_AXES else X_AXES[0]),
        gr.update(value=_smoothing(query.get("smooth", "0"))),
        gr.update(value=LOG_AXES.get(query.get("log"), "")),
        *(gr.update(value=query.get(name) == "1") for name in ("lost", "seeds", "multiples")),
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
