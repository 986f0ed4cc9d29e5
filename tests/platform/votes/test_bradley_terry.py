"""Strengths against closed forms, an independent maximum, and simulated votes."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit

from votes.bradley_terry import QUANTILE, Judgement, fit


def judgements(*wins: tuple[int, int, int], ties: tuple[tuple[int, int, int], ...] = ()) -> list[Judgement]:
    """(first, second, how often); each on a prompt of its own."""
    scored = [(first, second, 1.0) for first, second, num in wins for _ in range(num)]
    scored += [(first, second, 0.5) for first, second, num in ties for _ in range(num)]
    return [Judgement(first, second, score, prompt) for prompt, (first, second, score) in enumerate(scored)]


@pytest.mark.parametrize(("won", "lost", "tied"), [(7, 3, 0), (7, 3, 6), (20, 0, 0), (0, 5, 1), (400, 100, 0)])
def test_of_two_it_is_the_log_odds_of_the_win_rate_with_half_a_ballot_for_each(won, lost, tied):
    (group,) = fit(2, judgements((0, 1, won), (1, 0, lost), ties=((0, 1, tied),)))
    wins, num = won + tied / 2, won + lost + tied
    expected = np.log((wins + 0.5) / (num - wins + 0.5))
    difference = group.difference(0, 1)
    assert difference.value == pytest.approx(expected, abs=1e-7)
    assert group.strengths.sum() == pytest.approx(0, abs=1e-12)
    p = (wins + 0.5) / (num + 1)
    fisher = 1 / (num * p * (1 - p))
    assert group.difference(1, 0).value == pytest.approx(-expected, abs=1e-7)
    # Where prompts differ no more than by chance, and none is a tie, the information says it all.
    half = difference.high - difference.value
    assert half == pytest.approx(QUANTILE * np.sqrt(max(fisher, half**2 / QUANTILE**2)), rel=1e-6)
    assert half >= QUANTILE * np.sqrt(fisher) * (1 - 1e-6)


def test_with_many_ballots_it_is_the_log_odds_of_the_win_rate():
    (group,) = fit(2, judgements((0, 1, 6000), (1, 0, 2000)))
    assert group.difference(0, 1).value == pytest.approx(logit(0.75), abs=1e-3)


def test_it_is_the_maximum_that_another_derivation_finds():
    """ℓ + ½ log det of the information over three free differences, by a search that uses no derivative."""
    wins = {(0, 1): 5.5, (1, 0): 2.5, (1, 2): 4.0, (2, 1): 1.0, (2, 3): 3.5, (3, 2): 3.5, (3, 0): 2.0, (0, 3): 1.0}

    def loss(theta: np.ndarray) -> float:
        strengths, value, laplacian = np.append(theta, 0.0), 0.0, np.zeros((4, 4))
        for (i, j), num in wins.items():
            p = 1 / (1 + np.exp(strengths[j] - strengths[i]))
            value += num * np.log(p)
            for a, b, sign in ((i, i, 1), (j, j, 1), (i, j, -1), (j, i, -1)):
                laplacian[a, b] += sign * num * p * (1 - p)
        return -value - 0.5 * np.log(np.linalg.det(laplacian[1:, 1:]))

    options = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 20_000, "maxfev": 20_000}
    found = np.append(minimize(loss, np.zeros(3), method="Nelder-Mead", options=options).x, 0.0)
    given = judgements(
        (0, 1, 4), (1, 0, 1), (1, 2, 4), (2, 1, 1), (2, 3, 1), (3, 2, 1), (3, 0, 2), (0, 3, 1),
        ties=((0, 1, 2), (1, 0, 1), (2, 3, 5)),
    )  # fmt: skip
    (group,) = fit(4, given)
    assert group.strengths == pytest.approx(found - found.mean(), abs=2e-5)


def test_balanced_halves_are_equal_and_their_interval_is_the_binomials():
    (group,) = fit(2, judgements((0, 1, 50), (1, 0, 50)))
    assert group.difference(0, 1).value == pytest.approx(0, abs=1e-9)
    # Of one win in two the variance of the log-odds is 1 / (n p q); the sandwich adds n / (n - 1).
    assert group.difference(0, 1).high == pytest.approx(QUANTILE * np.sqrt(4 / 99), rel=1e-6)


def test_ballots_that_say_the_same_of_one_prompt_make_the_interval_wider():
    alone = judgements((0, 1, 20), (1, 0, 20))
    together = [Judgement(one.first, one.second, one.score, one.prompt // 4) for one in alone]
    wide, narrow = (fit(2, some)[0].difference(0, 1) for some in (together, alone))
    assert wide.value == narrow.value
    # Four that always agree are one: the variance is four times as large, but for G / (G - 1).
    assert wide.high / narrow.high == pytest.approx(np.sqrt(4 * (10 / 9) / (40 / 39)), rel=1e-6)


def test_ballots_of_one_person_make_the_interval_wider_too():
    alone = judgements((0, 1, 20), (1, 0, 20))
    persons = [replace(one, person=one.prompt // 4) for one in alone]
    wide, narrow = (fit(2, some)[0].difference(0, 1) for some in (persons, alone))
    # Each person's ballots agree, no two are on one prompt: prompts less persons' prompts leave persons alone.
    assert wide.high / narrow.high == pytest.approx(np.sqrt(4 * (10 / 9) / (40 / 39)), rel=1e-6)


def test_prompts_and_people_at_once_are_all_pairs_of_ballots_that_share_one():
    rng = np.random.default_rng(1)
    wins = rng.random((6, 5)) < np.linspace(0.3, 0.9, 6)[:, None] * np.linspace(0.6, 1, 5)
    given = [Judgement(0, 1, float(wins[at]), *at) for at in np.ndindex(wins.shape)]
    (group,) = fit(2, given)
    p = expit(group.strengths[0] - group.strengths[1])
    rest = wins.ravel() - p
    prompt, person = (np.array([at[axis] for at in np.ndindex(wins.shape)]) for axis in (0, 1))

    def summed(is_same: np.ndarray, num: int) -> float:
        return rest @ is_same @ rest * num / (num - 1)

    same_prompt, same_person = prompt[:, None] == prompt, person[:, None] == person
    summed_all = summed(same_prompt, 6) + summed(same_person, 5) - summed(same_prompt & same_person, 30)
    # Of two, the variance of the difference is that of the sum of what is left over, by the information squared.
    expected = summed_all / (30 * p * (1 - p)) ** 2
    difference = group.difference(0, 1)
    assert (difference.high - difference.value) ** 2 == pytest.approx(QUANTILE**2 * expected, rel=1e-9)


def test_who_always_wins_has_a_strength_too():
    (group,) = fit(3, judgements((0, 1, 8), (1, 2, 8), (0, 2, 8)))
    first, second, third = (group.strength_of(player) for player in range(3))
    assert first.value > second.value > third.value
    assert np.isfinite([first.low, first.high, third.low, third.high]).all()
    assert second.value == pytest.approx(0, abs=1e-7)


def test_what_no_chain_of_pairs_connects_is_not_compared():
    groups = fit(6, judgements((0, 1, 3), (2, 3, 1), (3, 4, 2)))
    assert [group.players for group in groups] == [(2, 3, 4), (0, 1)]
    assert fit(3, []) == []


def test_strengths_do_not_depend_on_the_order_of_sides():
    given = judgements((0, 1, 5), (1, 2, 3), (2, 0, 2))
    turned = [Judgement(one.second, one.first, 1 - one.score, one.prompt) for one in given]
    assert fit(3, turned)[0].strengths == pytest.approx(fit(3, given)[0].strengths, abs=1e-8)


@dataclass(frozen=True)
class World:
    """How much strengths differ from prompt to prompt and from person to person (standard deviations, in log-odds)."""

    num_prompts: int
    num_people: int
    of_prompts: float
    of_people: float


STRENGTHS = np.array([0.7, 0.0, -0.7])
DUELS = ((0, 1), (0, 2), (1, 2))


@pytest.mark.parametrize(
    ("world", "least"), [(World(30, 2, 0.8, 0.0), 0.91), (World(30, 8, 0.8, 0.6), 0.90)], ids=["prompts", "both"]
)
def test_intervals_hold_what_they_promise(world, least):
    """Three policies, prompts that differ, people who see the same pictures and may differ: 95 % hold the truth."""
    rng = np.random.default_rng(0)
    truth, num_votes = _preferred(world), 200
    held = sum(_holds(rng, world, truth) for _ in range(num_votes))
    # The three intervals of a vote go together: 0.95 ± 3 · sqrt(0.95 · 0.05 / 200). Of few people a little is missing.
    assert least <= held / (len(DUELS) * num_votes) <= 0.99


def _preferred(world: World) -> np.ndarray:
    """What very many ballots come to, where policies differ more to one person on one prompt than to another."""
    spread = np.hypot(world.of_prompts, world.of_people)
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    given = []
    for i, j in DUELS:
        means = expit(STRENGTHS[i] - STRENGTHS[j] + np.sqrt(2) * spread * nodes)
        share = float(weights @ means / weights.sum())
        given += [Judgement(i, j, share, prompt) for prompt in range(2000)]
    return fit(3, given)[0].strengths


def _holds(rng, world: World, truth: np.ndarray) -> int:
    of_prompts = rng.normal(0, world.of_prompts, (world.num_prompts, 1, 3))
    here = STRENGTHS + of_prompts + rng.normal(0, world.of_people, (world.num_people, 3))
    given = [
        Judgement(i, j, float(rng.random() < expit(here[*at, i] - here[*at, j])), *at)
        for at in np.ndindex(here.shape[:2])
        for i, j in DUELS
    ]
    (group,) = fit(3, given)
    found = [(group.difference(i, j), truth[i] - truth[j]) for i, j in DUELS]
    return sum(difference.low <= value <= difference.high for difference, value in found)
