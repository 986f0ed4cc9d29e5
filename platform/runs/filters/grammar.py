"""From a filter's words to what it says, before anybody asks whether there are such fields and values."""

from dataclasses import dataclass

from runs.filters.errors import FilterError
from runs.filters.words import Kind, Word, split

DEEPEST = 20
MOST_TERMS = 50
JOINTS = ("and", "or", "not")


@dataclass(frozen=True)
class Text:
    """Something that is searched for in names, notes, tags and recipes."""

    text: str


@dataclass(frozen=True)
class Value:
    """What is compared with; in quotation marks it is a text, whatever it looks like."""

    text: str
    is_quoted: bool


@dataclass(frozen=True)
class Comparison:
    """`operator` without its negation, which is a Not around it."""

    field: str
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Not:
    part: "Filter"


@dataclass(frozen=True)
class All:
    parts: tuple["Filter", ...]


@dataclass(frozen=True)
class Any:
    parts: tuple["Filter", ...]


Filter = Text | Comparison | Not | All | Any


def read(text: str) -> Filter:
    """Raises FilterError. An empty text is no condition at all."""
    reader = _Reader(split(text))
    found = reader.alternatives(0) if reader.words else All(())
    if reader.peek() is not None:
        raise FilterError(")", "A closing bracket has no opening one: take it out, or add one before it.")
    return found


class _Reader:
    """Recursive descent: alternatives of conjunctions of terms."""

    def __init__(self, words: list[Word]):
        self.words = words
        self._at = 0
        self._num_terms = 0

    def peek(self) -> Word | None:
        return self.words[self._at] if self._at < len(self.words) else None

    def alternatives(self, depth: int) -> Filter:
        parts = [self._conjunction(depth)]
        while self._take_joint("or"):
            parts.append(self._conjunction(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _conjunction(self, depth: int) -> Filter:
        parts = [self._term(depth)]
        while True:
            joined = self._take_joint("and")
            following = self.peek()
            if not joined and (following is None or following.kind is Kind.CLOSE or _is_joint(following, "or")):
                break
            parts.append(self._term(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _term(self, depth: int) -> Filter:
        if depth > DEEPEST:
            raise FilterError("(", f"Brackets and “not” stand more than {DEEPEST} deep: write it flatter.")
        if self._take_joint("not"):
            return Not(self._term(depth + 1))
        word = self._next()
        if word.kind is Kind.OPEN:
            found = self.alternatives(depth + 1)
            if self.peek() is None:
                raise FilterError("(", "An opening bracket has no closing one: add it where the part ends.")
            self._at += 1
            return found
        if word.kind not in (Kind.WORD, Kind.QUOTED) or _is_joint(word, *JOINTS):
            raise _out_of_place(word)
        self._num_terms += 1
        if self._num_terms > MOST_TERMS:
            raise FilterError(word.text, f"The filter asks for more than {MOST_TERMS} things: ask for fewer.")
        following = self.peek()
        if following is not None and following.kind is Kind.OPERATOR:
            return self._comparison(word.text)
        self._skip_commas()
        return Text(word.text)

    def _comparison(self, field: str) -> Filter:
        operator = self._next().text
        values = [self._value(field, operator)]
        while (following := self.peek()) is not None and following.kind is Kind.COMMA:
            self._at += 1
            values.append(self._value(field, operator))
        if operator.startswith("!"):
            return Not(Comparison(field, operator[1:], tuple(values)))
        return Comparison(field, operator, tuple(values))

    def _value(self, field: str, operator: str) -> Value:
        word = self.peek()
        if word is None or word.kind not in (Kind.WORD, Kind.QUOTED) or _is_joint(word, *JOINTS):
            after = f"{field} {operator}"
            raise FilterError(after, f"After “{after}” a value is missing: write what to compare {field} with.")
        self._at += 1
        return Value(word.text, word.kind is Kind.QUOTED)

    def _next(self) -> Word:
        word = self.peek()
        if word is None:
            last = self.words[-1].text
            raise FilterError(last, f"After “{last}” something is missing: write what to look for, or take it out.")
        self._at += 1
        return word

    def _take_joint(self, joint: str) -> bool:
        word = self.peek()
        if word is None or not _is_joint(word, joint):
            return False
        self._at += 1
        return True

    def _skip_commas(self) -> None:
        while (following := self.peek()) is not None and following.kind is Kind.COMMA:
            self._at += 1


def _is_joint(word: Word, *joints: str) -> bool:
    return word.kind is Kind.WORD and word.text.lower() in joints


def _out_of_place(word: Word) -> FilterError:
    if word.kind is Kind.OPERATOR:
        message = (
            f"Before “{word.text}” a field is missing: write what to compare, such as state {word.text} finished."
        )
    elif word.kind is Kind.WORD:
        message = f"“{word.text}” joins two parts, and one is missing: add it, or put the word in quotation marks."
    else:
        message = f"“{word.text}” has nothing before it: take it out, or put it in quotation marks."
    return FilterError(word.text, message)
