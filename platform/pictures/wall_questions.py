"""What the address of the wall asks for: whose pictures, which of them, in which order."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from pictures.policies import PolicyRef, parse_policy
from runs.models import SampleKind
from runs.selectors import parse_run_id

MOST_RUNS = 50
MOST_RANGES = 20
LONGEST_TEXT = 1000
LONGEST_NAME = 200
LARGEST_NUMBER = 2**63 - 1

ALL = "all"
DRAWN = "drawn"
KINDS = (*SampleKind.values, DRAWN)
REWARD = "reward/"
NUMBERS = ("advantage", "kl", "seed", "iteration")
PROMPT = "prompt"


@dataclass(frozen=True)
class Range:
    """`low` and `high` are part of it; a picture without the quantity is not in it."""

    quantity: str
    low: float
    high: float


@dataclass(frozen=True)
class Question:
    """Of `policies` where there are some, else of `runs` at `step`: an iteration, all, or None for the latest.

    A quantity is `advantage`, `kl`, `seed`, `iteration` or `reward/NAME`; the wall is sorted by one or by the prompt,
    or without a sort shows the newest first. `as_groups`: what training drew, a whole group a row.
    """

    runs: tuple[UUID, ...] = ()
    policies: tuple[PolicyRef, ...] = ()
    step: int | str | None = None
    kind: str = ""
    text: str = ""
    seed: int | None = None
    group: int | None = None
    ranges: tuple[Range, ...] = ()
    sort: str = ""
    descending: bool = False
    as_groups: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        if self.as_groups:
            return (SampleKind.ROLLOUT,)
        if self.kind:
            return (self.kind,)
        # What training draws in an iteration comes from the policy before it.
        return (SampleKind.FIXED, DRAWN) if self.policies else KINDS


def parse_question(query: Mapping[str, str]) -> Question:
    """Raises ValueError, with the entry of the address and what to write instead."""
    sort = query.get("sort", "")
    name = sort.removeprefix("-")
    if name and name != PROMPT:
        _check_quantity("sort", name)
    return Question(
        runs=tuple(_parse_run(text) for text in _parts(query, "runs")),
        policies=tuple(parse_policy(text) for text in _parts(query, "policies")),
        step=ALL if query.get("step") == ALL else _number(query, "step"),
        kind=_one_of(query, "kind", KINDS),
        text=_text(query),
        seed=_number(query, "seed"),
        group=_number(query, "group"),
        ranges=_ranges(query),
        sort=name,
        descending=sort.startswith("-"),
        as_groups=_one_of(query, "view", ("groups",)) == "groups",
    )


def _parts(query: Mapping[str, str], name: str) -> list[str]:
    parts = list(dict.fromkeys(part for part in query.get(name, "").split(",") if part))
    if len(parts) > MOST_RUNS:
        raise ValueError(f"{name} has {len(parts)} entries: give at most {MOST_RUNS}.")
    return parts


def _parse_run(text: str) -> UUID:
    run_id = parse_run_id(text)
    if run_id is None:
        raise ValueError(f"runs = {text[:60]!r} is no run's id: give ids, with commas.")
    return run_id


def _number(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text or (name == "step" and text == "latest"):
        return None
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= LARGEST_NUMBER):
        raise ValueError(f"{name} = {text[:60]!r} is no such number: give a whole number from 0.")
    return int(text)


def _one_of(query: Mapping[str, str], name: str, known: tuple[str, ...]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        raise ValueError(f"{name} = {value[:60]!r} is not known: give {' or '.join(known)}, or leave it out.")
    return value


def _text(query: Mapping[str, str]) -> str:
    text = query.get("q", "").strip()
    if len(text) > LONGEST_TEXT or "\0" in text:
        raise ValueError(f"q is longer than {LONGEST_TEXT} characters, or has some that no prompt has: give fewer.")
    return text


def _ranges(query: Mapping[str, str]) -> tuple[Range, ...]:
    """From entries as `min.reward/NAME=0.5` and `max.kl=2`."""
    bounds: dict[str, dict[str, float]] = {}
    for entry, text in query.items():
        side, _, quantity = entry.partition(".")
        if side in ("min", "max") and quantity and text:
            _check_quantity(entry, quantity)
            bounds.setdefault(quantity, {})[side] = _bound(entry, text)
    if len(bounds) > MOST_RANGES:
        raise ValueError(f"{len(bounds)} ranges are too many: give at most {MOST_RANGES}.")
    return tuple(
        Range(quantity, sides.get("min", -math.inf), sides.get("max", math.inf)) for quantity, sides in bounds.items()
    )


def _bound(entry: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{entry} = {text[:60]!r} is no number: give one, as in 0.5.")
    return value


def _check_quantity(entry: str, name: str) -> None:
    is_reward = name.startswith(REWARD) and name != REWARD and len(name) <= LONGEST_NAME and "\0" not in name
    if not is_reward and name not in NUMBERS:
        known = ", ".join(NUMBERS)
        raise ValueError(f"{entry}: {name[:60]!r} is no quantity of pictures: give {known} or {REWARD}NAME.")
