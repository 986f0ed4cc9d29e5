"""What is on the screen of a comparison, as its address says it: nothing else is needed to see the same again."""

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import quote

from pictures.policies import PolicyRef, parse_policy
from pictures.refs import Ref, parse_ref

MOST_COLUMNS, MOST_ITEMS, MOST_PROMPTS, MOST_SEEDS = 12, 8, 40, 16
MODES = ("side", "wipe", "flicker", "difference")
GAINS = (1, 2, 4, 8, 16, 32, 64)
INTERVALS = (0, 250, 500, 1000, 2000)
SPEEDS = (0.25, 0.5, 1.0, 2.0)
MARK = re.compile(r"[0-9a-f]{12}")
LONGEST_SCORE = 120


def mark_of(prompt: str) -> str:
    """A prompt's short name in addresses, the same in every run."""
    return hashlib.sha256(prompt.encode()).hexdigest()[:12]


@dataclass(frozen=True)
class Looking:
    """With `items` these pictures are compared; else `policies` are the columns of a grid.

    Differences are to the column `against`, or each to its run's base model. `prompts` are marks, and empty means all
    of them from `after` on; `pair` counts items from 1. `zoom` is relative to the whole picture and `x`, `y` say which
    point of it, from 0 to 1, is in the middle. `wipe` is in percent, `every` and `time` in milliseconds.
    """

    policies: tuple[PolicyRef, ...] = ()
    score: str = ""
    against: PolicyRef | None = None
    prompts: tuple[str, ...] = ()
    after: str = ""
    seeds: tuple[int, ...] = ()
    items: tuple[Ref, ...] = ()
    mode: str = "side"
    pair: tuple[int, int] = (1, 2)
    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5
    wipe: float = 50.0
    gain: int = 4
    every: int = 0
    time: int = 0
    speed: float = 1.0

    def as_query(self) -> dict[str, str]:
        """What differs from the defaults, as `parse_looking` reads it."""
        return {
            field.name: _write(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    @property
    def query(self) -> str:
        return "&".join(f"{name}={quote(text, safe=',@-.')}" for name, text in self.as_query().items())


def parse_looking(query: Mapping[str, str]) -> Looking:
    """Names that are none of ours are passed over. Raises ValueError."""
    looking = Looking(**{name: read(name, query[name]) for name, read in READ.items() if query.get(name)})
    if looking.against and looking.against not in looking.policies:
        raise _refuse("against", str(looking.against), "give one of the columns in policies, or leave it out.")
    return looking


def _write(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _refuse(name: str, text: str, remedy: str) -> ValueError:
    return ValueError(f"{name} = {text[:80]}: {remedy}")


def _list(parse: Callable[[str], Any], most: int, remedy: str = "") -> Callable[[str, str], tuple]:
    def read(name: str, text: str) -> tuple:
        parts = list(dict.fromkeys(part for part in text.split(",") if part))
        if len(parts) > most:
            raise _refuse(name, text, f"{len(parts)} are too many, give at most {most}.")
        try:
            return tuple(parse(part) for part in parts)
        except ValueError as error:
            raise _refuse(name, text, remedy or str(error)) from None

    return read


def _number(kind: type, least: float, most: float) -> Callable[[str, str], float]:
    def read(name: str, text: str) -> float:
        try:
            number = kind(text)
        except ValueError:
            number = math.nan
        if not least <= number <= most:
            raise _refuse(name, text, f"give a number from {least:g} to {most:g}.")
        return number

    return read


def _one_of(values: tuple[str, ...]) -> Callable[[str, str], str]:
    def read(name: str, text: str) -> str:
        if text not in values:
            raise _refuse(name, text, f"give one of {', '.join(values)}.")
        return text

    return read


def _one_number_of(values: tuple[float, ...]) -> Callable[[str, str], float]:
    known = {f"{value:g}": value for value in values}

    def read(name: str, text: str) -> float:
        return known[_one_of(tuple(known))(name, text)]

    return read


def _mark(text: str) -> str:
    if not MARK.fullmatch(text):
        raise ValueError
    return text


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d{1,18}", text):
        raise ValueError
    return int(text)


def _pair(name: str, text: str) -> tuple[int, int]:
    found = re.fullmatch(r"([1-8]),([1-8])", text)
    if not found:
        raise _refuse(name, text, "give the places of two items, as in 1,2.")
    return int(found[1]), int(found[2])


def _score(name: str, text: str) -> str:
    if len(text) > LONGEST_SCORE:
        raise _refuse(name, text, f"give a name of at most {LONGEST_SCORE} letters.")
    return text


_marks = "give marks of prompts, as the page writes them."
READ: dict[str, Callable[[str, str], Any]] = {
    "policies": _list(parse_policy, MOST_COLUMNS),
    "score": _score,
    "against": lambda name, text: _list(parse_policy, 1)(name, text)[0],
    "prompts": _list(_mark, MOST_PROMPTS, _marks),
    "after": lambda name, text: _list(_mark, 1, _marks)(name, text)[0],
    "seeds": _list(_seed, MOST_SEEDS, "give whole numbers with commas."),
    "items": _list(parse_ref, MOST_ITEMS),
    "mode": _one_of(MODES),
    "pair": _pair,
    "zoom": _number(float, 1, 64),
    "x": _number(float, 0, 1),
    "y": _number(float, 0, 1),
    "wipe": _number(float, 0, 100),
    "gain": _one_number_of(GAINS),
    "every": _one_number_of(INTERVALS),
    "time": _number(int, 0, 3_600_000),
    "speed": _one_number_of(SPEEDS),
}
