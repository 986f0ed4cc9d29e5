"""The kinds of rules, each a pure function from a run's history to a reading: docs/alerts.md has the formulas."""

from alerts.rules import group_variance, kl_budget, no_progress, not_finite, reward_hacking
from alerts.rules.reading import Definition

DEFINITIONS: dict[str, Definition] = {
    module.DEFINITION.kind.value: module.DEFINITION
    for module in (reward_hacking, kl_budget, group_variance, not_finite, no_progress)
}
