"""What a person sees of a backup or a restore: a line for each step, and a count that moves."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.filesize import decimal
from rich.progress import Progress, SpinnerColumn, TextColumn


@contextmanager
def progress() -> Iterator[tuple]:
    """Two functions: one says a step, one is told how many files and bytes have been copied."""
    console = Console()
    columns = SpinnerColumn(), TextColumn("{task.description}")
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("")

        def say(text: str) -> None:
            bar.update(task, description="")
            bar.console.print(text)

        def told(num_files: int, num_bytes: int) -> None:
            bar.update(task, description=f"{num_files:,} files, {decimal(num_bytes)}")

        yield say, told
