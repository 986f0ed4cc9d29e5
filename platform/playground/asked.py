"""What an address of the playground asks for: policies, prompt, seeds, steps, guidance."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from flowdppo_engine.playground.messages import MAX_GUIDANCE, MAX_PROMPT_LENGTH, MAX_SEED, MAX_STEPS
from pictures.policies import PolicyRef, parse_policy
from playground.models import Sheet

MAX_POLICIES = 4
MAX_SEEDS = 8
RANGE = re.compile(r"(\d{1,16})(?:-(\d{1,16}))?")
SAFE = ":@,/"


@dataclass(frozen=True)
class Asked:
    """`num_steps` and `guidance_scale` are None where they are to be those of the first policy's evaluations."""

    policies: tuple[PolicyRef, ...] = ()
    prompt: str = ""
    seeds: tuple[int, ...] = (1,)
    num_steps: int | None = None
    guidance_scale: float | None = None

    @property
    def query(self) -> str:
        parts = {
            "policies": ",".join(map(str, self.policies)),
            "prompt": self.prompt,
            "seeds": write_seeds(self.seeds),
            "steps": "" if self.num_steps is None else str(self.num_steps),
            "guidance": "" if self.guidance_scale is None else f"{self.guidance_scale:g}",
        }
        return urlencode({name: text for name, text in parts.items() if text}, safe=SAFE)

    @property
    def address(self) -> str:
        return f"{reverse('playground')}?{self.query}"


def read_asked(query: QueryDict) -> tuple[Asked, dict[str, str]]:
    """What is asked for, and a message for each field that is wrong, which is left as it is where nothing is said."""
    readers = {
        "policies": lambda: _read_policies(query.getlist("policies")),
        "prompt": lambda: _read_prompt(query.get("prompt", "")),
        "seeds": lambda: read_seeds(query.get("seeds", "") or "1"),
        "num_steps": lambda: _read_number("steps", query.get("steps", ""), int, 1, MAX_STEPS),
        "guidance_scale": lambda: _read_number("guidance", query.get("guidance", ""), float, 1, MAX_GUIDANCE),
    }
    values, problems = {}, {}
    for name, read in readers.items():
        try:
            values[name] = read()
        except ValueError as error:
            problems[name] = str(error)
    return Asked(**values), problems


def asked_of(sheet: Sheet) -> Asked:
    refs = tuple(parse_policy(text) for text in sheet.policies)
    return Asked(refs, sheet.prompt, tuple(sheet.seeds), sheet.num_steps, sheet.guidance_scale)


def read_seeds(text: str) -> tuple[int, ...]:
    """`1-4` or `1,3,7`, in their order and each once. Raises ValueError."""
    seeds: dict[int, None] = {}
    for part in filter(None, re.split(r"[\s,]+", text[:200])):
        found = RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (1, 0)
        if first > last or last > MAX_SEED:
            raise ValueError(f"seeds = {part!r} is no seed: give whole numbers, as in 1,2 or 1-4.")
        if last - first >= MAX_SEEDS:
            raise ValueError(f"seeds = {part!r} are too many: give at most {MAX_SEEDS}.")
        seeds |= dict.fromkeys(range(first, last + 1))
    if not 1 <= len(seeds) <= MAX_SEEDS:
        raise ValueError(f"seeds = {text[:40]!r}: give 1 to {MAX_SEEDS} of them.")
    return tuple(seeds)


def write_seeds(seeds: tuple[int, ...]) -> str:
    """As `read_seeds` reads it, a run of numbers as a range."""
    if len(seeds) > 2 and seeds == tuple(range(seeds[0], seeds[0] + len(seeds))):
        return f"{seeds[0]}-{seeds[-1]}"
    return ",".join(map(str, seeds))


def _read_policies(texts: Iterable[str]) -> tuple[PolicyRef, ...]:
    parts = [part for text in texts for part in text.split(",") if part]
    refs = tuple(dict.fromkeys(parse_policy(part) for part in parts[: MAX_POLICIES + 1]))
    if len(refs) > MAX_POLICIES:
        raise ValueError(f"There are more than {MAX_POLICIES} checkpoints: take some away.")
    return refs


def _read_prompt(text: str) -> str:
    prompt = " ".join(text.split())
    if len(prompt) > MAX_PROMPT_LENGTH:
        raise ValueError(f"The prompt has {len(prompt)} characters: give at most {MAX_PROMPT_LENGTH}.")
    if not prompt.isprintable():
        raise ValueError("The prompt has characters that cannot be printed: take them out.")
    return prompt


def _read_number(name: str, text: str, kind: type, low: float, high: float):
    if not text:
        return None
    try:
        value = kind(text[:40])
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        what = "a whole number" if kind is int else "a number"
        raise ValueError(f"{name} = {text[:40]!r}: give {what} from {low:g} to {high:g}.")
    return value
