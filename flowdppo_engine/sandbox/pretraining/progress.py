"""A progress bar a stage in a terminal; a line every ten percent in a log."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


@contextmanager
def show_progress(console: Console | None = None) -> Iterator[Callable[[str, int, int, str], None]]:
    """Gives the function that pretraining reports to: (stage, done, total, text)."""
    console = console or Console()
    if not console.is_terminal:
        yield lambda *report: _print_line(console, *report)
        return
    columns = (
        TextColumn("{task.description:12}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
        TextColumn("{task.fields[text]}"),
    )  # fmt: skip
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def report(stage: str, done: int, total: int, text: str) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total, text=text)
            bars.update(tasks[stage], completed=done, text=text)

        yield report


def _print_line(console: Console, stage: str, done: int, total: int, text: str) -> None:
    tenth = max(1, total // 10)
    if done == total or done % tenth == 0:
        console.print(f"{stage}: {done} of {total} {text}".rstrip())
