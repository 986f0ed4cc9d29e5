"""A whole experiment taken home: a table of its runs, and of each run its configuration, scores and metrics."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.pulling import Format, Tell, pull_metrics, pull_texts

RUNS_FILE = "runs.csv"
TOLD = ("id", "name", "state", "recipe", "iteration", "total_iterations", "created_at", "ended_at", "reward", "kl")


def export(connection: Connection, experiment: dict, folder: Path, format_: Format, tell: Tell) -> None:
    """What is there already is fetched again where its run goes on, and left alone where it has ended."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "experiment.json").write_text(json.dumps(experiment, indent=2), encoding="utf-8")
    rows = []
    for entry in connection.pages("/runs", experiment=experiment["id"], archived=True):
        run = connection.get(f"/runs/{entry['id']}")
        rows.append(_row(run))
        pull_texts(connection, run, folder / run["id"], lambda _: None)
        pull_metrics(connection, run, folder / run["id"], format_, lambda _: None)
        tell(f"{run['name']}: {folder / run['id']}")
    _write_table(folder / RUNS_FILE, rows)
    tell(str(folder / RUNS_FILE))


def _row(run: dict) -> dict[str, Any]:
    """What is told of a run, with its score's interval, and each value of its configuration by its path."""
    score = run["score"] or {}
    told = {name: run[name] for name in TOLD} | {f"score_{end}": score.get(end) for end in ("mean", "low", "high")}
    told["tags"] = " ".join(run["tags"])
    return told | {f"config.{path}": value for path, value in _flat(run["config"]).items()}


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    parts = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else None
    if parts is None:
        return {path: value}
    found: dict[str, Any] = {}
    for name, part in parts:
        found |= _flat(part, f"{path}.{name}" if path else str(name))
    return found


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        table.writerows(rows)
