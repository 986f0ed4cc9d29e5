"""The columns that a person can choose from, in groups."""

from dataclasses import dataclass
from functools import cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from runs.filters import config_paths
from runs.lists.columns import ALWAYS, FACTS, SCORES, Column, Kind, column_of
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
    """Of the settings only those that differ, and those that are shown: any other one is named by its path."""
    settings = [key for key in shown if column_of(key).kind is Kind.SETTING and key not in knowledge.differing]
    metrics = [key for key in shown if "/" in key and key not in (*knowledge.metrics, *knowledge.scores)]
    groups = {
        "Differ among these runs": knowledge.differing,
        "Run": [key for key in FACTS if key not in ALWAYS],
        "Scores": [*SCORES, *knowledge.scores],
        "Metrics, last value": [*knowledge.metrics, *metrics],
        "Other settings": settings,
    }
    return [
        Group(title, [Choice(column_of(key), key in shown) for key in keys]) for title, keys in groups.items() if keys
    ]


@cache
def settings_datalist() -> SafeString:
    """Every path of a configuration, for a box to choose from; the same for everybody, so made once."""
    options = format_html_join("", '<option value="{}"></option>', ((path,) for path in config_paths.all_paths()))
    return format_html('<datalist id="all-settings">{}</datalist>', options)
