"""The panels of a report as they are written: fenced blocks with a key and a value a line.

```curves
runs: 7f3a…, 91bc…
metrics: reward/mean, kl/reference_nats
```
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from markdown_it.token import Token

from runs.templatetags.markdown import read_tokens

FENCE = "fence"
LONGEST_VALUE = 4000


@dataclass(frozen=True)
class Problem:
    """What is wrong in a line of the report, and what helps."""

    line: int
    message: str
    key: str = ""
    value: str = ""


@dataclass(frozen=True)
class Entry:
    line: int
    key: str
    value: str


@dataclass(frozen=True)
class Block:
    """`line` is that of its fence in the report, from 1."""

    kind: str
    line: int
    entries: tuple[Entry, ...] = ()
    problems: tuple[Problem, ...] = field(default=())


def split(text: str, kinds: Iterable[str]) -> list[list[Token] | Block]:
    """The report in its order: prose, and the blocks of these kinds."""
    kinds = frozenset(kinds)
    parts: list[list[Token] | Block] = []
    for token in read_tokens(text):
        kind = token.info.strip() if token.type == FENCE else ""
        if kind in kinds and token.level == 0:
            parts.append(_read_block(kind, token))
        elif parts and isinstance(parts[-1], list):
            parts[-1].append(token)
        else:
            parts.append([token])
    return parts


def _read_block(kind: str, token: Token) -> Block:
    first = token.map[0] + 1
    entries, problems = [], []
    for line, text in enumerate(token.content.splitlines(), first + 1):
        key, colon, value = (part.strip() for part in text.partition(":"))
        if not text.strip():
            continue
        if not colon or not key:
            problems.append(
                Problem(line, "is no line of a panel: write a key, a colon and a value.", value=text.strip())
            )
        elif len(value) > LONGEST_VALUE:
            problems.append(Problem(line, f"is longer than {LONGEST_VALUE} characters.", key, f"{value[:40]}…"))
        else:
            entries.append(Entry(line, key, value))
    return Block(kind, first, tuple(entries), tuple(problems))
