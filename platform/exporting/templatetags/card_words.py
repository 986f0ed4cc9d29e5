"""Words of people in the Markdown of a model card: none of them may end a line, a cell or a string of its code."""

import json
import re

from django import template

from runs.results import Estimate
from runs.templatetags.figures import change, score

register = template.Library()

DASH = "–"


@register.filter
def line(text: str) -> str:
    """One line, in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>#|])", r"\\\1", " ".join(text.split()))


@register.filter
def cell(text: str) -> str:
    return f"`{' '.join(text.split()).replace('`', '').replace('|', '/')}`"


@register.filter
def below(text: str) -> str:
    """Notes in Markdown, with their headings below those of the card."""
    return re.sub(r"^(#{1,4}) ", r"##\1 ", text.strip(), flags=re.MULTILINE)


@register.filter
def quoted(text: str) -> str:
    """A string of Python."""
    return json.dumps(" ".join(text.split()), ensure_ascii=False)


@register.filter
def estimate(found: Estimate | None) -> str:
    return f"{score(found.mean)} ({score(found.low)} to {score(found.high)})" if found else DASH


@register.filter
def difference(found: Estimate | None) -> str:
    return f"{change(found.mean)} ({change(found.low)} to {change(found.high)})" if found else DASH
