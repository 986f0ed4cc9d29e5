"""An evaluation asked for from the terminal: waited for, and told as a table."""

import time
from collections.abc import Callable

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.refusals import ClientError, Exit
from flowdppo_engine.client.tables import duration, print_table
from flowdppo_engine.client.watching import LIVE, PATIENCE

HEADINGS = (
    "prompt set",
    "policy",
    "score",
    "mean",
    "95 % interval",
    "to base",
    "95 % interval",
    "KL, nats",
    "diversity",
)


def wait_for(connection: Connection, asked: dict, every: float, say: Callable[[str], None]) -> dict:
    """Until it has ended; `say` is called with where it stands, whenever that is another line. Raises ClientError."""
    connection.patience, said = PATIENCE, ""
    while asked["state"] in LIVE:
        if said != (said := standing(asked)):
            say(said)
        time.sleep(every)
        asked = connection.get(f"/evaluations/{asked['id']}")
    if asked["state"] == "failed":
        raise ClientError(f"{asked['name']} has failed: {asked['error']}\n{asked['hint']}".strip(), Exit.RUN_FAILED)
    if asked["state"] == "cancelled":
        raise ClientError(f"{asked['name']} was cancelled.", Exit.RUN_CANCELLED)
    return asked


def standing(asked: dict) -> str:
    doing = asked["progress"]
    if not doing:
        return asked["state"]
    left = duration(doing["seconds_left"])
    return f"{doing['phase']}: {doing['done']} of {doing['total']} {doing['unit']}{f', {left} left' if left else ''}"


def print_results(asked: dict) -> None:
    print_table(HEADINGS, [row for one in asked["results"] for row in _rows(one)])


def _rows(one: dict) -> list[tuple]:
    policy = str(one["iteration"]) if one["iteration"] else "base model"
    rows = []
    for place, (name, score) in enumerate(one["scores"].items()):
        change = one["difference"].get(name)
        # What is of the policy and not of a score stands once.
        own = [one["kl"], one["diversity"]] if place == 0 else [None, None]
        rows.append((
            *(one["prompt_set"], policy, name, score["mean"], _interval(score)),
            *((f"{change['mean']:+.4g}", _interval(change)) if change else ("", "")),
            *(found["mean"] if found else None for found in own),
        ))  # fmt: skip
    return rows


def _interval(estimate: dict) -> str:
    return f"{estimate['low']:.4g} to {estimate['high']:.4g}"
