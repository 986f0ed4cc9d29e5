"""What panels of runs say alike."""

from uuid import UUID

from reports.drawings import Key, color_of
from runs.models import Run


def legend_of(runs: list[Run]) -> list[Key]:
    return [Key(color_of(place, len(runs)), run.name, run.id) for place, run in enumerate(runs)]


def nothing_of(runs: list[Run], otherwise: str) -> str:
    """Why a panel is empty."""
    if not runs:
        return "None of these runs is there any more."
    return f"{'This run has' if len(runs) == 1 else 'These runs have'} {otherwise}."


def missing_words(wanted: tuple[UUID, ...], runs: list[Run]) -> list[str]:
    gone = len(wanted) - len(runs)
    return [f"{gone} run{' is' if gone == 1 else 's are'} not there any more."] if gone else []
