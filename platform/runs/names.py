"""Names for runs that were given none."""

import re

from runs.models import Experiment, Run

LONGEST = Run._meta.get_field("name").max_length


def suggest_name(experiment: Experiment, recipe: str, source: Run | None = None) -> str:
    """The recipe's name with the number of the run; a clone's is its source's with the next number that is free."""
    if source is None:
        return f"{recipe} {experiment.runs.count() + 1}"
    stem = re.sub(r" \d+$", "", source.name)[: LONGEST - 6]
    taken = experiment.runs.filter(name__startswith=f"{stem} ").values_list("name", flat=True)
    numbers = [int(rest) for name in taken if (rest := name[len(stem) + 1 :]).isdecimal()]
    return f"{stem} {max(numbers, default=1) + 1}"
