"""Comparisons with a value inside a JSON column, by PostgreSQL's own path language.

Where there is no such value, or one of another kind, a comparison is false, never unknown. Lists are passed through:
`$.rewards.name` is the name of any reward.
"""

import json
from collections.abc import Iterable

from django.db.models import BooleanField, F, Func, JSONField, Q, Value

from runs.filters.errors import FilterError
from runs.filters.grammar import Comparison
from runs.filters.grammar import Value as Wanted

LITERALS = ("true", "false", "null")


class _PathExists(Func):
    function = "jsonb_path_exists"
    template = "%(function)s(%(expressions)s::jsonpath)"
    output_field = BooleanField()


class FirstAtPath(Func):
    """The value at the end of a path, the first one where a list is on the way; NULL where there is none."""

    function = "jsonb_path_query_first"
    template = "%(function)s(%(expressions)s::jsonpath)"
    output_field = JSONField()

    def __init__(self, column: str, steps: Iterable[str]):
        super().__init__(F(column), Value(json_path(steps)))

    def __repr__(self) -> str:
        return f"FirstAtPath({self.source_expressions})"


def json_path(steps: Iterable[str]) -> str:
    return "$" + "".join(f"[{step}]" if step.isdecimal() else f".{json.dumps(step)}" for step in steps)


def holds(column: str, steps: Iterable[str], comparison: Comparison) -> Q:
    """Raises FilterError where a size is compared with something that is no number."""
    tests = " || ".join(test for wanted in comparison.values for test in _tests(comparison, wanted))
    return Q(_PathExists(F(column), Value(f"{json_path(steps)} ? ({tests})")))


def number_of(comparison: Comparison, wanted: Wanted) -> float | None:
    """The number that is written there; None for another text."""
    if wanted.is_quoted:
        return None
    try:
        number = float(wanted.text)
    except ValueError:
        return None
    if number - number != 0:
        raise FilterError(wanted.text, f"“{wanted.text}” cannot be compared with: write a finite number.")
    return number


def _tests(comparison: Comparison, wanted: Wanted) -> Iterable[str]:
    text, number = json.dumps(wanted.text), number_of(comparison, wanted)
    match comparison.operator:
        case "~":
            yield f'@ like_regex {text} flag "iq"'
        case "=":
            yield f"@ == {text}"
            if number is not None:
                yield f"@ == {number!r}"
            if wanted.text in LITERALS and not wanted.is_quoted:
                yield f"@ == {wanted.text}"
        case size:
            if number is None:
                field = comparison.field
                raise FilterError(
                    wanted.text, f"“{wanted.text}” is no number: {field} {size} needs one, such as {field} {size} 0.5."
                )
            yield f"@ {size} {number!r}"
