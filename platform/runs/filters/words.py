"""A filter's text as a row of words, quoted phrases, operators and brackets."""

import re
from dataclasses import dataclass
from enum import StrEnum

from runs.filters.errors import FilterError

LONGEST = 1000
PATTERN = re.compile(
    r"""\s*(?:
        (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<operator><=|>=|!=|!~|==|[=<>~])
      | (?P<open>\()
      | (?P<close>\))
      | (?P<comma>,)
      | (?P<word>[^\s()<>=!~",]+)
    )""",
    re.VERBOSE,
)


class Kind(StrEnum):
    QUOTED = "quoted"
    OPERATOR = "operator"
    OPEN = "open"
    CLOSE = "close"
    COMMA = "comma"
    WORD = "word"


@dataclass(frozen=True)
class Word:
    kind: Kind
    text: str


def split(text: str) -> list[Word]:
    """Raises FilterError for a text that is too long, and for a quotation mark without its second."""
    if len(text) > LONGEST:
        message = f"The filter has {len(text):,} characters: write at most {LONGEST:,}."
        raise FilterError(text[:40], message)
    if any(ord(character) < 32 and not character.isspace() or 0xD800 <= ord(character) < 0xE000 for character in text):
        raise FilterError(text, "The filter has a character that no text may hold: type it anew.")
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = PATTERN.match(text, at)
        if match is None:
            raise _unreadable(text[at:].strip())
        kind = Kind(match.lastgroup)
        found.append(Word(kind, _plain(kind, match[kind])))
        at = match.end()
    return found


def _plain(kind: Kind, text: str) -> str:
    if kind is Kind.QUOTED:
        return re.sub(r"\\(.)", r"\1", text[1:-1])
    return "=" if text == "==" else text


def _unreadable(rest: str) -> FilterError:
    if rest.startswith('"'):
        return FilterError(rest, f"{rest[:40]} has no closing quotation mark: add one at the end of the phrase.")
    return FilterError(rest, f"“{rest[:20]}” cannot stand there: write !=, !~, or put it in quotation marks.")
