"""Tables and facts on the terminal; in a pipe wide enough that nothing is cut, or as JSON."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

COLOURS = {"running": "cyan", "queued": "yellow", "finished": "green", "failed": "red", "cancelled": "dim"}


def console(stderr: bool = False) -> Console:
    plain = Console(stderr=stderr)
    return plain if plain.is_terminal else Console(stderr=stderr, width=200)


def print_json(content: object) -> None:
    print(json.dumps(content, indent=2, ensure_ascii=False))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, header_style="dim", no_wrap=heading == "id")
    for row in rows:
        table.add_row(*(Text(_shown(value), COLOURS.get(str(value), "")) for value in row))
    console().print(table)


def print_facts(facts: dict[str, object]) -> None:
    grid = Table.grid(padding=(0, 2))
    for name, value in facts.items():
        if value not in (None, ""):
            grid.add_row(Text(name, "dim"), Text(_shown(value), COLOURS.get(str(value), "")))
    console().print(grid)


def print_run(run: dict, page: str) -> None:
    score = run["score"]
    print_facts({
        "run": run["name"],
        "id": run["id"],
        "page": page,
        "state": run["state"],
        "recipe": run["recipe"],
        "progress": progress_of(run),
        "time left": duration(run["progress"]["seconds_left"]) if run["progress"] else None,
        "reward": run["reward"],
        "KL, nats": run["kl"],
        "score": f"{score['mean']:.4g} ({score['low']:.4g} to {score['high']:.4g})" if score else None,
        "attempts": run["num_attempts"],
        "submitted": moment(run["created_at"]),
        "ended": moment(run["ended_at"]),
        "error": run["error"],
        "what to do": run["hint"],
    })  # fmt: skip


def progress_of(run: dict) -> str:
    return f"{run['iteration']} / {run['total_iterations']}"


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    hours, rest = divmod(round(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def moment(text: str | None) -> str:
    """In the time zone of this machine."""
    return f"{datetime.fromisoformat(text).astimezone():%Y-%m-%d %H:%M}" if text else ""


def _shown(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
