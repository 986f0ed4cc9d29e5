"""Ways to comparisons from other pages."""

from collections.abc import Sequence

from django.urls import reverse

from comparing.looking import MOST_COLUMNS, Looking
from pictures.policies import PolicyRef
from runs.models import Run


def address_of_runs(runs: Sequence[Run]) -> str:
    """The first run's base model beside where each of the runs is now, as far as they fit."""
    base = [PolicyRef(run.id, 0) for run in runs[:1]]
    now = [PolicyRef(run.id, run.iteration) for run in runs if run.iteration]
    return f"{reverse('compare')}?{Looking(policies=tuple([*base, *now][:MOST_COLUMNS])).query}"
