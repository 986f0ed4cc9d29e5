"""What the fields of a filter mean: from what it says to a condition on runs."""

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial, reduce
from operator import and_, or_
from uuid import UUID

from django.db.models import F, Func, Q, TextField, Value
from django.db.models.lookups import IContains

from runs.filters import config_paths, json_values
from runs.filters.errors import FilterError
from runs.filters.grammar import All, Any, Comparison, Filter, Not, Text
from runs.filters.moments import time_holds
from runs.models import RunState
from runs.summaries import BEST, BEST_ITERATION, SCORE
from teams.models import User

NOTHING, EVERYTHING = Q(pk__in=[]), ~Q(pk__in=[])
SIZES = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte", "=": "exact"}
IN_SUMMARY = (SCORE, BEST, BEST_ITERATION)

Meaning = Callable[[Comparison, User | None], Q]


@dataclass(frozen=True)
class Field:
    """A field with a name of its own; `help` says what it is, `example` shows it."""

    help: str
    example: str
    meaning: Meaning


def condition(found: Filter, me: User | None = None) -> Q:
    """Raises FilterError for a field that there is not, and for a value that it cannot have."""
    match found:
        case Text(text):
            return _anywhere(text)
        case Comparison():
            return _compare(found, me)
        case Not(part):
            return ~condition(part, me)
        case All(parts):
            return reduce(and_, (condition(part, me) for part in parts), EVERYTHING if not parts else Q())
        case Any(parts):
            return reduce(or_, (condition(part, me) for part in parts))


def _compare(comparison: Comparison, me: User | None) -> Q:
    field = comparison.field
    known = FIELDS.get(field.lower())
    if known is not None:
        return known.meaning(comparison, me)
    if field.lower() in IN_SUMMARY or "/" in field:
        return json_values.holds("summary", [field.lower() if field.lower() in IN_SUMMARY else field], comparison)
    if "." in field or field in config_paths.all_paths():
        return json_values.holds("config", config_paths.find(field), comparison)
    raise _unknown(field)


def _unknown(field: str) -> FilterError:
    names = [*FIELDS, *IN_SUMMARY, *config_paths.all_paths()]
    within = [path for path in config_paths.all_paths() if field in path.split(".")]
    near = get_close_matches(field, names, n=2) or within[:2]
    meant = f"did you mean {' or '.join(near)}?" if near else "write state, tag, trust_region.name or reward/mean."
    return FilterError(field, f"“{field}” is no field: {meant}")


def _anywhere(text: str) -> Q:
    head, colon, rest = text.partition(":")
    if colon and head.lower() in FIELDS and " " not in text:
        raise FilterError(text, f"“{text}” looks for this very text: to compare, write {head} = {rest or '…'}.")
    found = Q(name__icontains=text) | Q(notes__icontains=text) | Q(recipe__icontains=text) | Q(_tag_has(text))
    try:
        return found | Q(id=UUID(text))
    except ValueError:
        return found


def _tag_has(text: str) -> IContains:
    joined = Func(F("tags"), Value(" "), function="array_to_string", output_field=TextField())
    return IContains(joined, text)


def _any_of(comparison: Comparison, test: Callable[[str], Q], allowed: str = "= ~") -> Q:
    if comparison.operator not in allowed.split():
        field, operator = comparison.field, comparison.operator
        given = " or ".join(f"{field} {one} …" for one in allowed.split())
        raise FilterError(f"{field} {operator}", f"{field} has no sizes: instead of “{operator}” write {given}")
    return reduce(or_, (test(wanted.text) for wanted in comparison.values))


def _text(path: str, comparison: Comparison, me: User | None) -> Q:
    lookup = "iexact" if comparison.operator == "=" else "icontains"
    return _any_of(comparison, lambda text: Q(**{f"{path}__{lookup}": text}))


def _state(comparison: Comparison, me: User | None) -> Q:
    def test(text: str) -> Q:
        if text.lower() not in RunState.values:
            raise FilterError(text, f"“{text}” is no state: write one of {', '.join(RunState.values)}.")
        return Q(state=text.lower())

    return _any_of(comparison, test, "=")


def _tag(comparison: Comparison, me: User | None) -> Q:
    if comparison.operator == "=":
        return _any_of(comparison, lambda text: Q(tags__contains=[text.lower()]))
    return _any_of(comparison, lambda text: Q(_tag_has(text)))


def _person(comparison: Comparison, me: User | None) -> Q:
    def test(text: str) -> Q:
        if text.lower() == "me" and me is not None:
            return Q(created_by_id=me.id)
        if comparison.operator == "~":
            return Q(created_by__email__icontains=text)
        return Q(created_by__email__iexact=text) | Q(created_by__email__istartswith=f"{text}@")

    return _any_of(comparison, test) & Q(created_by__isnull=False)


def _experiment(comparison: Comparison, me: User | None) -> Q:
    return _text("experiment__name", comparison, me)


def _team(comparison: Comparison, me: User | None) -> Q:
    return _text("experiment__team__name", comparison, me) | _text("experiment__team__slug", comparison, me)


def _number(column: str, comparison: Comparison, me: User | None) -> Q:
    if comparison.operator == "~":
        field = comparison.field
        raise FilterError(f"{field} ~", f"{field} is a number: write {field} = 10 or {field} > 10.")
    tests = []
    for wanted in comparison.values:
        number = json_values.number_of(comparison, wanted)
        if number is None:
            field = f"{comparison.field} {comparison.operator}"
            raise FilterError(wanted.text, f"“{wanted.text}” is no number: {field} needs one, such as {field} 10.")
        # Django would cut a fraction off and find the whole number.
        never = comparison.operator == "=" and not number.is_integer()
        tests.append(NOTHING if never else Q(**{f"{column}__{SIZES[comparison.operator]}": number}))
    return reduce(or_, tests)


FIELDS = {
    "state": Field("where the run stands", "state = finished, failed", _state),
    "tag": Field("one of its tags", "tag = keep", _tag),
    "person": Field("who submitted it; me is you", "person = me", _person),
    "name": Field("its name", "name ~ seed", partial(_text, "name")),
    "notes": Field("its notes", "notes ~ overfits", partial(_text, "notes")),
    "recipe": Field("what it was made from", "recipe = sandbox-flow-dppo", partial(_text, "recipe")),
    "experiment": Field("the experiment that it is in", "experiment ~ threshold", _experiment),
    "team": Field("the team that it belongs to", "team = lab", _team),
    "created": Field("the day of submission", "created >= 2026-11-01", partial(time_holds, "created_at")),
    "started": Field("the day of its start", "started = 2026-11-20", partial(time_holds, "started_at")),
    "ended": Field("the day of its end", "ended < 2026-11-20", partial(time_holds, "ended_at")),
    "iteration": Field("how far it has come", "iteration > 100", partial(_number, "iteration")),
    "attempts": Field("how often it was started", "attempts > 1", partial(_number, "num_attempts")),
    "gpus": Field("the GPUs that it takes", "gpus >= 4", partial(_number, "num_gpus")),
}
