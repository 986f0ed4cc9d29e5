"""Strengths of policies from pairs of pictures: the model of Bradley and Terry (Biometrika 39, 1952).

    P(i is preferred to j) = 1 / (1 + exp(-(θ_i - θ_j)))

A tie counts as half a win for each, as in Chatbot Arena (Chiang et al. 2024, arXiv 2403.04132): a strength then goes
with the win rate that stands beside it. (In Davidson's model ties tell nothing of who is better: two wins, no loss and
fifty ties would be as clear as two wins alone.)

The likelihood is that of a logistic regression. Where a policy has won or lost all it was in, as base models do, its
maximum lies at infinity (Ford, Amer. Math. Monthly 64, 1957). So we maximise it with Jeffreys' prior,

    ℓ(θ) + ½ log det I(θ)            I(θ) = Σ n_ij p_ij (1 - p_ij) (e_i - e_j)(e_i - e_j)ᵀ

(Firth, Biometrika 80, 1993), which takes away most of the bias of few ballots, is finite wherever policies are
compared at all (Kosmidis and Firth, Biometrika 108, 2021), and comes to the plain maximum as ballots come in. Of two
policies it is log((w_1 + ½) / (w_2 + ½)).

Strengths sum to zero over the policies that are connected by comparisons, the choice that keeps their variances least
(arXiv 2205.04341). Those that no chain of comparisons connects cannot be compared: each such group stands by itself.

Ballots are not independent: people who judge the same pictures err together, and a person has one taste for all of
them. So the variance is the largest of four: the inverse of the Fisher information; the sandwich estimator with the
ballots on one prompt taken as one observation; the same with those of one person; and both at once, the first plus the
second less that of each person's ballots on each prompt (Cameron, Gelbach and Miller, J. Bus. Econ. Stat. 29, 2011),
which lets prompts and people both be drawn anew. The information is too small where ballots hang together, sandwiches
where nearly all agree, and what is estimated from few people is uncertain itself.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.special import expit, ndtri

CONFIDENCE = 0.95
QUANTILE = float(ndtri((1 + CONFIDENCE) / 2))
PRECISION = 1e-10
LONGEST_STEP, MOST_STEPS = 1.0, 200


@dataclass(frozen=True)
class Judgement:
    """`score` is 1 where the first was preferred, 0 where the second was, ½ for neither. Players count from 0."""

    first: int
    second: int
    score: float
    prompt: Hashable
    person: Hashable = None


@dataclass(frozen=True)
class Strength:
    """In log-odds; `low` and `high` end the 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """Players that comparisons connect, with their strengths and the estimates of their covariance, each `[P, P]`."""

    players: tuple[int, ...]
    strengths: np.ndarray
    covariances: tuple[np.ndarray, ...]

    def strength_of(self, player: int) -> Strength:
        place = self.players.index(player)
        direction = np.zeros(len(self.players))
        direction[place] = 1
        return self._along(direction)

    def difference(self, first: int, second: int) -> Strength:
        """How much stronger the first is."""
        direction = np.zeros(len(self.players))
        direction[self.players.index(first)] = 1
        direction[self.players.index(second)] = -1
        return self._along(direction)

    def _along(self, direction: np.ndarray) -> Strength:
        value = float(direction @ self.strengths)
        variance = max(float(direction @ covariance @ direction) for covariance in self.covariances)
        half = QUANTILE * sqrt(variance)
        return Strength(value, value - half, value + half)


def fit(num_players: int, judgements: Sequence[Judgement]) -> list[Group]:
    """The groups of players that are connected, largest first. Who was never judged is in none."""
    met = np.zeros((num_players, num_players))
    for judged in judgements:
        met[judged.first, judged.second] = 1
    _, labels = connected_components(met, directed=False)
    groups = []
    for label in dict.fromkeys(labels.tolist()):
        players = tuple(np.flatnonzero(labels == label).tolist())
        if len(players) > 1:
            groups.append(_fit_group(players, [one for one in judgements if one.first in players]))
    return sorted(groups, key=lambda group: -len(group.players))


def _fit_group(players: tuple[int, ...], judgements: Sequence[Judgement]) -> Group:
    place = {player: number for number, player in enumerate(players)}
    first = np.array([place[judged.first] for judged in judgements])
    second = np.array([place[judged.second] for judged in judgements])
    score = np.array([judged.score for judged in judgements], float)
    # [N, P]: +1 for the first of a judgement, -1 for the second.
    design = np.zeros((len(judgements), len(players)))
    design[np.arange(len(judgements)), first] = 1
    design[np.arange(len(judgements)), second] = -1
    strengths = _maximize(design, score)
    p = expit(design @ strengths)
    fisher = np.linalg.pinv(_information(design, p), hermitian=True)
    scores = (score - p)[:, None] * design
    prompts, people = ([getattr(judged, name) for judged in judgements] for name in ("prompt", "person"))
    by_prompt, by_person, by_both = (
        fisher @ _spread(scores, labels) @ fisher
        for labels in (prompts, people, list(zip(prompts, people, strict=True)))
    )
    return Group(players, strengths, (fisher, by_prompt, by_person, by_prompt + by_person - by_both))


def _spread(scores: np.ndarray, labels: Sequence[Hashable]) -> np.ndarray:
    """`[P, P]`: how the sums of the scores `[N, P]` of each label vary. Of a single label nothing can be seen."""
    number = {label: index for index, label in enumerate(dict.fromkeys(labels))}
    sums = np.zeros((len(number), scores.shape[1]))
    np.add.at(sums, [number[label] for label in labels], scores)
    correction = len(number) / (len(number) - 1) if len(number) > 1 else 0.0
    return correction * sums.T @ sums


def _maximize(design: np.ndarray, score: np.ndarray) -> np.ndarray:
    """The penalized maximum, summing to zero, by scoring as if each judgement were 1 + leverage of them.

    The last strength is held at 0 meanwhile: that changes log det by a constant alone.
    """
    free = design[:, :-1]
    theta = np.zeros(free.shape[1])
    for _ in range(MOST_STEPS):
        p = expit(free @ theta)
        covariance = np.linalg.inv(_information(free, p))
        # What a judgement brings of the information; in this proportion it adds half a win and half a loss.
        leverage = p * (1 - p) * np.einsum("np,pq,nq->n", free, covariance, free)
        gradient = free.T @ (score - p + leverage * (0.5 - p))
        step = np.linalg.solve(_information(free, p, 1 + leverage), gradient)
        theta += step * min(1.0, LONGEST_STEP / max(np.abs(step).max(), LONGEST_STEP))
        if np.abs(step).max() < PRECISION:
            theta = np.append(theta, 0.0)
            return theta - theta.mean()
    raise ArithmeticError(f"The strengths of {len(score)} judgements were not found in {MOST_STEPS} steps.")


def _information(design: np.ndarray, p: np.ndarray, weights: np.ndarray | float = 1.0) -> np.ndarray:
    return (design * (weights * p * (1 - p))[:, None]).T @ design
