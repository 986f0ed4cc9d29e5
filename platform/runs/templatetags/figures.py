"""Numbers and times as people read them."""

from datetime import datetime
from math import isfinite

from django import template
from django.utils import timezone

from runs.models import RunState

register = template.Library()

DASH = "–"
# The liveliest first.
STATES = (
    RunState.RUNNING,
    RunState.QUEUED,
    RunState.STOPPED,
    RunState.FINISHED,
    RunState.FAILED,
    RunState.CANCELLED,
)


@register.filter
def figure(value: float | str | None, digits: int = 3) -> str:
    """A number with so many significant digits: 0.0123, 54.2, 1.2e-6."""
    number = _number(value)
    if number is None:
        return DASH
    if not isfinite(number):
        return str(number)
    if number == 0:
        return "0"
    if not 1e-4 <= abs(number) < 1e6:
        mantissa, _, exponent = f"{number:.{digits - 2}e}".partition("e")
        return f"{mantissa}e{int(exponent)}"
    return f"{number:#.{digits}g}" if abs(number) < 10 ** (digits - 1) else f"{number:,.0f}"


@register.filter
def score(value: float | str | None) -> str:
    """A score of any scale: 54.2 of a hundred, 0.542 of one."""
    number = _number(value)
    return DASH if number is None else f"{number:.{_score_decimals(number)}f}"


@register.filter
def change(value: float | str | None) -> str:
    """A difference of scores with its sign."""
    number = _number(value)
    return DASH if number is None else f"{number:+.{_score_decimals(number)}f}".replace("-", "−")


def _score_decimals(number: float) -> int:
    return 1 if abs(number) >= 10 else 2 if abs(number) >= 1 else 3


@register.filter
def verdict(estimate) -> str:
    """Whether an interval lies above zero, below it, or around it."""
    low, high = (_number(_read(estimate, key)) for key in ("low", "high"))
    if low is None or high is None:
        return "none"
    return "better" if low > 0 else "worse" if high < 0 else "open"


@register.filter
def num_by_state(experiment) -> list[tuple[str, int]]:
    """How many of an experiment's runs (from `experiments_overview`) are in each state, those in none left out."""
    counts = ((state, getattr(experiment, f"num_{state}")) for state in STATES)
    return [(state, num) for state, num in counts if num]


@register.filter
def ago(moment: datetime | None) -> str:
    """How long ago, in one unit."""
    return f"{duration((timezone.now() - moment).total_seconds())} ago" if moment else DASH


@register.filter
def duration(seconds: float | None) -> str:
    """A length of time in one unit, two below ten hours: 40 s, 12 min, 3 h 20 min, 4 d."""
    if seconds is None:
        return DASH
    seconds = max(0, round(seconds))
    minutes, hours = seconds // 60, seconds // 3600
    if seconds < 60:
        return f"{seconds} s"
    if minutes < 60:
        return f"{minutes} min"
    if hours < 10 and minutes % 60:
        return f"{hours} h {minutes % 60} min"
    return f"{hours} h" if hours < 48 else f"{hours // 24} d"


@register.filter
def between(start: datetime | None, end: datetime | None) -> str:
    """How long something took, or has taken so far."""
    return duration(((end or timezone.now()) - start).total_seconds()) if start else DASH


def _read(estimate, key: str):
    return estimate.get(key) if isinstance(estimate, dict) else getattr(estimate, key, None)


def _number(value) -> float | None:
    """JSON has no NaN: it arrives as a text."""
    return None if value in (None, "") else float(value)
