"""Sweeps in words, for templates."""

from collections.abc import Mapping, Sequence

from django import template

from sweeps.points import name_of

register = template.Library()


@register.filter
def hours(number: float) -> str:
    """A length of work: 40 s, 12 min, 3.4 h, 120 h."""
    if number < 1:
        minutes = number * 60
        return f"{minutes:.0f} min" if minutes >= 1 else f"{max(1, minutes * 60):.0f} s"
    return f"{number:.1f} h" if number < 10 else f"{number:,.0f} h"


@register.filter
def in_words(number: float) -> str:
    """A large number to three digits: 840, 12,300, 4.1 million."""
    if number >= 1e6:
        return f"{number / 1e6:,.3g} million"
    return f"{round(number, -max(0, len(str(int(number))) - 3)):,.0f}"


@register.filter
def point_name(values: Mapping, labels: Mapping[str, str]) -> str:
    return name_of(values, labels, None) or "All runs"


@register.filter
def half_width(number: float) -> str:
    """That of an interval, to two digits: 0.017, 11, 1,200."""
    return f"{number:.2g}" if number < 100 else f"{number:,.0f}"


@register.filter
def label_in(knob: str, labels: Mapping[str, str]) -> str:
    return labels[knob]


@register.filter
def at(texts: Sequence[str], place: int) -> str:
    return texts[place]
