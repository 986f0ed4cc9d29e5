"""The columns that a person can choose from, in groups."""

from dataclasses import dataclass

from runs.filters import config_paths
from runs.lists.columns import ALWAYS, FACTS, SCORES, Column, column_of
from runs.lists.knowledge import Knowledge


@dataclass(frozen=True)
class Choice:
    column: Column
    is_shown: bool


@dataclass(frozen=True)
class Group:
    title: str
    choices: list[Choice]


def column_choices(knowledge: Knowledge, shown: list[str]) -> list[Group]:
    settings = [path for path in config_paths.all_paths() if path not in knowledge.differing]
    groups = {
        "Differ among these runs": knowledge.differing,
        "Run": [key for key in FACTS if key not in ALWAYS],
        "Scores": [*SCORES, *knowledge.scores],
        "Metrics, last value": knowledge.metrics,
        "All settings": settings,
    }
    return [
        Group(title, [Choice(column_of(key), key in shown) for key in keys]) for title, keys in groups.items() if keys
    ]
