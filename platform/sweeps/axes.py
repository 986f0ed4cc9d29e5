"""The knobs that a sweep varies, as a person writes them: a line for each, `optimizer.lr: 1e-5, 3e-5` or a range."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from runs.config_texts import format_number
from runs.knobs import Kind, Knob
from runs.plain_yaml import require_plain
from sweeps.knob_paths import NamedKnob, find_knob

MOST_VALUES = 100
LONGEST = 10_000
SIGNIFICANT_DIGITS = 4
MOST_SEED = 2**31 - 1
RANGE = re.compile(r"(?:(?P<scale>log|linear)\s+)?(?P<first>\S+)\s+to\s+(?P<last>\S+)\s+in\s+(?P<count>\d{1,6})", re.I)
SEED = r"(\d{1,10})"
SEED_RANGE = re.compile(rf"{SEED}\s*(?:to|-|–)\s*{SEED}")
# PostgreSQL cannot store NUL, and half of a surrogate pair is no character.
UNFIT = re.compile("[\0\ud800-\udfff]")


class AxesInvalid(ValueError):
    """What was written describes no sweep. `messages` say why, a sentence each."""

    def __init__(self, messages: Sequence[str]):
        super().__init__(" ".join(messages))
        self.messages = list(messages)


@dataclass(frozen=True)
class Axis:
    """A knob by its path in the configuration, and the values (plain JSON data) that it takes."""

    knob: str
    values: tuple[Any, ...]

    def as_data(self) -> dict:
        return {"knob": self.knob, "values": list(self.values)}


def parse_axes(text: str, data: Mapping) -> tuple[Axis, ...]:
    """The axes that the lines describe, over a configuration. Raises AxesInvalid with what is wrong in each line."""
    if len(text) > LONGEST:
        raise AxesInvalid([f"It has {len(text):,} characters: give at most {LONGEST:,}."])
    axes: dict[str, Axis] = {}
    messages = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            axis = _parse_line(line, data)
            if axis.knob in axes:
                raise ValueError(f"{axis.knob} stands in two lines: put its values into one.")
            axes[axis.knob] = axis
        except ValueError as error:
            messages.append(f"Line {number}: {error}")
    if messages:
        raise AxesInvalid(messages)
    return tuple(axes.values())


def check_axis(knob: str, values: Sequence[Any], data: Mapping) -> Axis:
    """An axis whose values are given as data. Raises ValueError for no such knob, or a value that stands twice."""
    named = find_knob(knob.strip(), data)
    if named.path == "seed":
        raise ValueError("Seeds have a field of their own: give them there.")
    if not 1 <= len(values) <= MOST_VALUES:
        raise ValueError(f"{knob} has {len(values)} values: give from 1 to {MOST_VALUES}.")
    typed = tuple(_typed(named, value) for value in values)
    shown = [format_value(value) for value in typed]
    if twice := next((text for text in shown if shown.count(text) > 1), None):
        raise ValueError(f"{knob} has {twice} twice: give each value once.")
    return Axis(named.path, typed)


def parse_seeds(text: str, default: int) -> tuple[int, ...]:
    """`0 to 4`, or seeds with commas between; without any, the configuration's own. Raises AxesInvalid."""
    seeds: list[int] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        ends = SEED_RANGE.fullmatch(part)
        if not ends and not re.fullmatch(SEED, part):
            raise AxesInvalid([f"“{part[:40]}” is no seed: give whole numbers with commas between, or 0 to 4."])
        first, last = (int(end) for end in (ends.groups() if ends else (part, part)))
        if not first <= last <= min(MOST_SEED, first + MOST_VALUES - 1):
            raise AxesInvalid([f"“{part[:40]}” does not fit: at most {MOST_VALUES} seeds, from 0 to {MOST_SEED}."])
        seeds += range(first, last + 1)
    return check_seeds(seeds or [default])


def check_seeds(seeds: Sequence[int]) -> tuple[int, ...]:
    """Raises AxesInvalid where a seed stands twice, or there are too many."""
    if twice := next((seed for seed in seeds if seeds.count(seed) > 1), None):
        raise AxesInvalid([f"Seed {twice} stands twice: give each once."])
    if not 1 <= len(seeds) <= MOST_VALUES or not all(0 <= seed <= MOST_SEED for seed in seeds):
        raise AxesInvalid([f"Give from 1 to {MOST_VALUES} seeds, each from 0 to {MOST_SEED}."])
    return tuple(seeds)


def format_value(value: Any) -> str:
    """A value as people type it: 1e-5, on, divergence_mask."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return format_number(value) if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(format_value, value)) + "]"
    return "empty" if value is None else str(value)


def _parse_line(line: str, data: Mapping) -> Axis:
    knob, colon, written = line.partition(":")
    if not colon or not written.strip():
        raise ValueError("write the knob, a colon, and its values, as in optimizer.lr: 1e-5, 3e-5.")
    if found := RANGE.fullmatch(written.strip()):
        named = find_knob(knob.strip(), data)
        return check_axis(knob, _spread(named, **found.groupdict()), data)
    return check_axis(knob, _read_values(written), data)


def _read_values(written: str) -> list:
    try:
        require_plain(f"[{written}]")
        return yaml.safe_load(f"[{written}]")
    except yaml.YAMLError:
        start = written.strip()[:40]
        raise ValueError(f"“{start}” is no list of values: put commas between, and texts in quotes.") from None


def _typed(named: NamedKnob, value: Any) -> Any:
    """A number where the knob wants one: YAML takes 1e-5 for a text. What does not fit is for RunConfig to refuse."""
    kind = named.node.kind if isinstance(named.node, Knob) else Kind.CHOICE
    if not all(isinstance(part, str | int | float | None) for part in (value if isinstance(value, list) else [value])):
        raise ValueError(f"{named.path} takes numbers, texts, on and off, or lists of these: write its values so.")
    if any(isinstance(part, str) and UNFIT.search(part) for part in (value if isinstance(value, list) else [value])):
        raise ValueError(f"{named.path} has a character that no text may have: take it out.")
    if kind in (Kind.INTEGER, Kind.NUMBER) and isinstance(value, str):
        for read in (int, float):
            try:
                return read(value)
            except ValueError:
                continue
    if kind in (Kind.TEXT, Kind.CHOICE) and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value


def _spread(named: NamedKnob, scale: str | None, first: str, last: str, count: str) -> list[int | float]:
    if not isinstance(named.node, Knob) or named.node.kind not in (Kind.INTEGER, Kind.NUMBER):
        raise ValueError(f"{named.path} is no number: give its values with commas between.")
    try:
        low, high = float(first), float(last)
    except ValueError:
        raise ValueError(f"“{first} to {last}” is no range: give two numbers.") from None
    num_values = int(count)
    if not 2 <= num_values <= MOST_VALUES or not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"A range has from 2 to {MOST_VALUES} values between two numbers.")
    is_log = (scale or "").lower() == "log"
    if is_log and (low <= 0 or high <= 0):
        raise ValueError("A logarithmic range runs between two numbers above 0.")
    shares = [step / (num_values - 1) for step in range(num_values)]
    spread = [low * (high / low) ** share if is_log else low + (high - low) * share for share in shares]
    if named.node.kind is Kind.INTEGER:
        return [round(value) for value in spread]
    return [float(f"{value:.{SIGNIFICANT_DIGITS}g}") for value in spread]
