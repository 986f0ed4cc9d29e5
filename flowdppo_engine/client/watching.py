"""A run followed until it ends: its log line by line, and where it stands."""

import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.refusals import ClientError, Exit
from flowdppo_engine.client.tables import console, duration, progress_of

LIVE = ("queued", "running")
PATIENCE = 300.0
"""Seconds: a server that is started anew does not end what follows a run."""

LEVELS = {"warning": "yellow", "error": "red"}


def new_lines(connection: Connection, run_id: str, follow: bool, every: float) -> Iterator[dict]:
    """The last lines of the log, and while the run lives those that come."""
    answer = connection.get(f"/runs/{run_id}/log")
    while True:
        yield from answer["lines"]
        if not follow or not answer["live"]:
            return
        if not answer["lines"]:
            time.sleep(every)
        answer = connection.get(f"/runs/{run_id}/log", after=answer["cursor"])


def print_line(out: Console, line: dict) -> None:
    text = Text(f"{line['time'][11:19]} {line['message']}", LEVELS.get(line["level"], ""))
    out.print(text, soft_wrap=True)


def watch(connection: Connection, run: dict, every: float) -> dict:
    """Show the run until it ends; return it as it is then."""
    connection.patience = PATIENCE
    out = console()
    if not out.is_terminal:
        return _follow(connection, run, every, out, lambda now: None)
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} / {task.total:.0f}")
    with Progress(*columns, TextColumn("{task.fields[left]}"), console=out) as progress:
        task = progress.add_task(run["state"], total=run["total_iterations"], left="")

        def show(now: dict) -> None:
            doing = now["progress"] or {}
            left = duration(doing.get("seconds_left"))
            total, done = now["total_iterations"], now["iteration"]
            progress.update(
                task,
                description=f"{now['state']} {doing.get('phase', '')}".strip(),
                total=total,
                completed=done,
                left=left and f"{left} left",
            )

        return _follow(connection, run, every, progress.console, show)


def exit_of(run: dict) -> None:
    """Raises ClientError for a run that did not finish."""
    if run["state"] == "failed":
        raise ClientError(f"{run['name']} has failed: {run['error']}\n{run['hint']}".strip(), Exit.RUN_FAILED)
    if run["state"] == "cancelled":
        raise ClientError(f"{run['name']} was cancelled.", Exit.RUN_CANCELLED)
    if run["state"] == "stopped":
        raise ClientError(f"{run['name']} was stopped: `flowdppo resume` has it go on.", Exit.RUN_STOPPED)


def _follow(connection: Connection, run: dict, every: float, out: Console, show: Callable[[dict], None]) -> dict:
    said, after = "", None
    while True:
        # The state is read before the log, so that the log of a run that has ended is whole.
        now = connection.get(f"/runs/{run['id']}")
        show(now)
        while True:
            log = connection.get(f"/runs/{run['id']}/log", after=after)
            for line in log["lines"]:
                print_line(out, line)
            after = log["cursor"]
            if not log["lines"]:
                break
        if not out.is_terminal and said != (said := _standing(now)):
            out.print(Text(said), soft_wrap=True)
        if now["state"] not in LIVE:
            return now
        time.sleep(every)


def _standing(run: dict) -> str:
    left = duration(run["progress"]["seconds_left"]) if run["progress"] else ""
    return f"{run['state']}, iteration {progress_of(run)}{f', {left} left' if left else ''}"
