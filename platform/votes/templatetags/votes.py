"""Numbers of votes as people read them."""

from django import template

from runs.templatetags.figures import DASH

register = template.Library()


@register.filter
def percent(share: float | None) -> str:
    return DASH if share is None else f"{100 * share:.0f} %"


@register.filter
def log_odds(value: float | None) -> str:
    """A strength with its sign."""
    return DASH if value is None else f"{value:+.2f}".replace("-", "−")
