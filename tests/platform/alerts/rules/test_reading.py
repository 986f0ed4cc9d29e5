"""Episodes: what is news of a rule that goes on holding, and the options of the rules."""

import math

import pytest

from alerts.rules import DEFINITIONS
from alerts.rules.reading import MAX_LEVEL, advance


def told_of(ratios: list[float]) -> list[tuple[int, int]]:
    """Where in a series of ratios something was told, and at which level."""
    told, news = None, []
    for place, ratio in enumerate(ratios):
        told, is_news = advance(told, ratio)
        if is_news:
            news.append((place, told))
    return news


@pytest.mark.parametrize(
    "ratios, news",
    [
        ([0.2, 0.99, 0.5], []),
        ([0.5, 1.0, 1.2, 1.9, 1.4], [(1, 0)]),
        ([1.1, 2.0, 3.9, 4.0, 3.0, 4.5], [(0, 0), (1, 1), (3, 2)]),
        # It trembles about the threshold: one episode.
        ([1.01, 0.95, 1.02, 0.91, 1.05], [(0, 0)]),
        ([1.5, 0.89, 1.5], [(0, 0), (2, 0)]),
        ([9.0, 2.0, 0.0, 2.0], [(0, 3), (3, 1)]),
        ([math.inf, math.inf], [(0, MAX_LEVEL)]),
    ],
)
def test_a_level_is_told_once_an_episode(ratios, news):
    assert told_of(ratios) == news


def test_every_default_is_within_its_bounds_and_has_words():
    options = [option for definition in DEFINITIONS.values() for option in definition.options]
    assert len(options) >= 12
    for option in options:
        assert option.label and option.help
        if option.choices:
            assert option.default in dict(option.choices)
        elif option.default is not None:
            assert option.least <= option.default <= option.most
        else:
            assert option.is_optional
