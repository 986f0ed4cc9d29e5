"""Days and times in filters: `created >= 2026-11-01`, `ended = 2026-11-20`, `started > 2026-11-20T08:30`."""

from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db.models import Q
from django.utils import timezone

from runs.filters.errors import FilterError
from runs.filters.grammar import Comparison
from teams.models import User

DAY_LENGTH = len("2026-11-20")


def time_holds(column: str, comparison: Comparison, me: User | None) -> Q:
    """A day is all of its 24 hours: `= day` is within it, `> day` after it. Raises FilterError for other texts."""
    if comparison.operator == "~":
        field = comparison.field
        raise FilterError(f"{field} ~", f"{field} is a time: write {field} = 2026-11-20 or {field} >= 2026-11-20.")
    tests = (_test(column, comparison.operator, *_span(wanted.text)) for wanted in comparison.values)
    return Q(**{f"{column}__isnull": False}) & reduce(or_, tests)


def _test(column: str, operator: str, begin: datetime, end: datetime) -> Q:
    match operator:
        case "=":
            return Q(**{f"{column}__gte": begin, f"{column}__lt": end})
        case "<":
            return Q(**{f"{column}__lt": begin})
        case "<=":
            return Q(**{f"{column}__lt": end})
        case ">":
            return Q(**{f"{column}__gte": end})
        case _:
            return Q(**{f"{column}__gte": begin})


def _span(text: str) -> tuple[datetime, datetime]:
    """The first moment of what the text names, and the first one after it."""
    try:
        moment = datetime.fromisoformat(text)
        begin = moment if moment.tzinfo else timezone.make_aware(moment)
        return begin, begin + (timedelta(days=1) if len(text) <= DAY_LENGTH else timedelta(minutes=1))
    except (ValueError, OverflowError):
        message = f"“{text}” is no day: write it as 2026-11-20, or with a time as 2026-11-20T08:30."
        raise FilterError(text, message) from None
