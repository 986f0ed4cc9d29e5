"""A report taken apart: prose as HTML, and panels, each read or with what is wrong in it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.safestring import SafeString
from markdown_it.token import Token

from reports.blocks import Block, Problem, split
from reports.kinds import KINDS, Panel
from reports.panels.grid import PictureGrid
from reports.panels.pictures import Pictures
from reports.reading import Reading
from reports.scope import Scope
from runs.templatetags.markdown import set_tokens

MOST_PANELS = 30
TOO_MANY = f"is one panel too many: a report has at most {MOST_PANELS}. Write a second report."


@dataclass(frozen=True)
class Prose:
    tokens: list[Token]

    @property
    def html(self) -> SafeString:
        return set_tokens(self.tokens)


@dataclass(frozen=True)
class Placed:
    """A panel, with its number in the report from 0. `panel` is None where its block does not read."""

    number: int
    block: Block
    panel: Panel | None
    problems: tuple[Problem, ...] = ()


Piece = Prose | Placed


def take_apart(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    number = 0
    for part in split(text, KINDS):
        if isinstance(part, Block):
            pieces.append(_place(number, part))
            number += 1
        else:
            pieces.append(Prose(part))
    return pieces


def panels_of(text: str) -> list[Placed]:
    return [piece for piece in take_apart(text) if isinstance(piece, Placed)]


def problems_of(scope: Scope, text: str) -> list[Problem]:
    """Everything that is wrong in the report's panels, by line; also what they name and is not there."""
    placed = panels_of(text)
    problems = [problem for one in placed for problem in one.problems]
    return sorted([*problems, *_missing(scope, placed)], key=lambda problem: problem.line)


def _place(number: int, block: Block) -> Placed:
    if number >= MOST_PANELS:
        return Placed(number, block, None, (Problem(block.line, TOO_MANY, value=block.kind),))
    reading = Reading(block)
    panel = KINDS[block.kind].read(reading)
    reading.finish()
    return Placed(number, block, None if reading.problems else panel, tuple(reading.problems))


def _missing(scope: Scope, placed: list[Placed]) -> Iterator[Problem]:
    """Runs and pictures that the team does not have; two queries or three, however many panels there are."""
    panels = [(one.block, one.panel) for one in placed if one.panel]
    runs = {run.id for run in scope.runs(run_id for _, panel in panels for run_id in panel.runs)}
    refs = scope.pictures(ref for _, panel in panels if isinstance(panel, Pictures) for ref in panel.refs)
    for block, panel in panels:
        key = "policies" if isinstance(panel, PictureGrid) else "runs"
        for run_id in panel.runs:
            if run_id not in runs:
                yield _not_there(block, key, str(run_id), "is no run of this team: insert one from the list.")
        for ref in panel.refs if isinstance(panel, Pictures) else ():
            if ref not in refs:
                yield _not_there(block, "refs", str(ref), "is no picture of this team: look its short name up again.")


def _not_there(block: Block, key: str, value: str, message: str) -> Problem:
    line = next((entry.line for entry in block.entries if entry.key == key), block.line)
    return Problem(line, message, key, value)
