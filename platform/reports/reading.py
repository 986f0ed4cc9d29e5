"""The options of one panel, read with a word about everything that does not fit."""

import math
from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from pictures.policies import PolicyRef, parse_policy
from pictures.refs import Ref, parse_ref
from reports.blocks import Block, Entry, Problem
from runs.selectors import parse_run_id

T = TypeVar("T")


class Reading:
    """Asked for one option after the other; `problems` are complete after `finish`."""

    def __init__(self, block: Block):
        self._block = block
        self._known: list[str] = []
        self.problems: list[Problem] = list(block.problems)

    def text(self, key: str, longest: int = 200) -> str:
        entry = self._one(key)
        if entry is None:
            return ""
        if len(entry.value) > longest:
            self._tell(entry, f"has {len(entry.value)} characters: give at most {longest}.")
        return entry.value[:longest]

    def texts(self, key: str, most: int) -> tuple[str, ...]:
        """The values of every line with this key, whole."""
        self._known.append(key)
        entries = [entry for entry in self._block.entries if entry.key == key]
        for entry in entries:
            if not entry.value:
                self._tell(entry, "is empty: write what you mean, or leave the line out.")
        if len(entries) > most:
            self._tell(entries[most], f"stands there {len(entries)} times: give at most {most}.")
        return tuple(entry.value for entry in entries[:most] if entry.value)

    def words(self, key: str, most: int, needed: str = "") -> tuple[str, ...]:
        """What stands between commas. `needed` says what to give where there is nothing."""
        return self._parts(key, most, needed, lambda part: part)

    def runs(self, key: str, most: int, needed: str = "give ids of runs, with commas") -> tuple[UUID, ...]:
        return self._parts(key, most, needed, _run)

    def policies(self, key: str, most: int, needed: str) -> tuple[PolicyRef, ...]:
        return self._parts(key, most, needed, parse_policy)

    def pictures(self, key: str, most: int, needed: str) -> tuple[Ref, ...]:
        return self._parts(key, most, needed, parse_ref)

    def number(self, key: str, low: float, high: float, default: float) -> float:
        entry = self._one(key)
        if entry is None:
            return default
        try:
            number = float(entry.value)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            self._tell(entry, f"is no number from {low:g} to {high:g}.")
            return default
        return number

    def integer(self, key: str, low: int, high: int, default: int | None) -> int | None:
        entry = self._one(key)
        if entry is None:
            return default
        is_number = entry.value.isascii() and entry.value.isdigit() and len(entry.value) < 19
        if not is_number or not low <= int(entry.value) <= high:
            self._tell(entry, f"is no whole number from {low} to {high}.")
            return default
        return int(entry.value)

    def choice(self, key: str, choices: Sequence[str]) -> str:
        """One of the words; the first where there is no such line."""
        entry = self._one(key)
        if entry is None:
            return choices[0]
        if entry.value not in choices:
            self._tell(entry, f"is none of {', '.join(choices)}.")
            return choices[0]
        return entry.value

    def finish(self) -> None:
        """Tell of the keys that nobody asked for."""
        for entry in self._block.entries:
            if entry.key not in self._known:
                self._tell(entry, f"is no key of {self._block.kind}: there are {', '.join(self._known)}.", value="")

    def _one(self, key: str) -> Entry | None:
        self._known.append(key)
        entries = [entry for entry in self._block.entries if entry.key == key]
        for again in entries[1:]:
            self._tell(again, "stands there twice: keep one of the lines.")
        return entries[0] if entries else None

    def _parts(self, key: str, most: int, needed: str, read: Callable[[str], T]) -> tuple[T, ...]:
        entry = self._one(key)
        parts = [part.strip() for part in entry.value.split(",") if part.strip()] if entry else []
        if needed and not parts:
            line = entry.line if entry else self._block.line
            self.problems.append(Problem(line, f"is missing: {needed}.", key))
        if len(parts) > most:
            self._tell(entry, f"has {len(parts)} entries: give at most {most}.", value="")
        found = []
        for part in parts[:most]:
            try:
                found.append(read(part))
            except ValueError as error:
                self.problems.append(Problem(entry.line, str(error), key))
        return tuple(dict.fromkeys(found))

    def _tell(self, entry: Entry, message: str, value: str | None = None) -> None:
        shown = entry.value if value is None else value
        self.problems.append(Problem(entry.line, message, entry.key, shown if len(shown) <= 80 else f"{shown[:80]}…"))


def _run(text: str) -> UUID:
    run_id = parse_run_id(text)
    if run_id is None:
        raise ValueError(f"{text!r} is no run's id: copy it from the address of the run's page.")
    return run_id
