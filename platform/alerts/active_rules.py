"""The rules that hold for an experiment: what people have set, over the defaults of each kind."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from alerts.models import Rule
from alerts.rules import DEFINITIONS
from alerts.rules.reading import Definition


@dataclass(frozen=True)
class ActiveRule:
    """A kind of rule with what an experiment has set for it; `is_default` where nobody has changed anything."""

    definition: Definition
    options: dict
    is_on: bool
    pauses: bool = False
    is_default: bool = True

    @property
    def kind(self) -> str:
        return self.definition.kind.value

    @classmethod
    def of(cls, definition: Definition, row: Rule | None) -> "ActiveRule":
        if row is None:
            return cls(definition, definition.defaults, definition.is_on)
        known = {name: row.options.get(name, default) for name, default in definition.defaults.items()}
        return cls(definition, known, row.is_on, row.pauses, is_default=False)


def rules_by_experiment(experiment_ids: Iterable[int]) -> dict[int, list[ActiveRule]]:
    """Every kind of rule of each of these experiments, whether it is on or off. One query."""
    ids = set(experiment_ids)
    rows: dict[int, dict[str, Rule]] = defaultdict(dict)
    for row in Rule.objects.filter(experiment__in=ids):
        rows[row.experiment_id][row.kind] = row
    return {
        experiment_id: [
            ActiveRule.of(definition, rows[experiment_id].get(kind)) for kind, definition in DEFINITIONS.items()
        ]
        for experiment_id in ids
    }


def reach(rules: Iterable[ActiveRule], option: str, at_least: int) -> int:
    """The largest value of an option among the rules that have it."""
    return max([at_least, *(int(rule.options[option]) for rule in rules if rule.options.get(option))])
