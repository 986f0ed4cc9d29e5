"""The language in which lists of runs are searched: `state = finished and reward/mean > 0.6`, as a Q.

    words = "circle", "a phrase"           in the name, the notes, the tags or the recipe
    comparison = field operator values     operators: = != < <= > >= ~ !~ ; values with commas: any of them
    field = state, tag, person, ...        see `fields.FIELDS`
          | a value of the configuration   trust_region.threshold.value, or config.seed
          | the last value of a metric     reward/mean
          | a score                        score, best, best_iteration, score/<prompt set>/<reward>, best/...

Comparisons and words side by side must all hold; `or`, `not` and brackets do what they say. A comparison with what a
run has not is false, and `not` of it true.
"""

from django.db.models import Q

from runs.filters import fields, grammar
from runs.filters.errors import FilterError
from teams.models import User

__all__ = ["FilterError", "parse"]


def parse(text: str, me: User | None = None) -> Q:
    """The condition that a text puts on runs; `me` is whom `person = me` means. Raises FilterError."""
    return fields.condition(grammar.read(text), me)
