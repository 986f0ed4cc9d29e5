"""An iteration against the bare passes through the network that it makes."""

import statistics
from dataclasses import dataclass

import torch

from tests.benchmarks.engine.clock import Timer
from tests.benchmarks.engine.loop import PHASES, BenchedLoop
from tests.benchmarks.engine.passes import Counts, bare_seconds


@dataclass(frozen=True)
class Overhead:
    """Medians over iterations: seconds of each phase and of the bare passes, and ratios to these.

    `loop_ratio` is of an iteration without decoding and rewards, which the bare passes do not have; `whole_ratio` is
    of all of it. `batching` is how much longer the largest pass takes than one of a single image: near 1, what is
    measured is Python and not the network.
    """

    name: str
    num_images: int
    num_latent_dims: int
    phases: dict[str, float]
    bare: float
    loop_ratio: float
    whole_ratio: float
    counts: Counts
    batching: float

    @property
    def seconds(self) -> float:
        """Of an iteration."""
        return sum(self.phases.values())


def measure_overhead(loop: BenchedLoop, num_iterations: int) -> Overhead:
    """Each iteration is followed by its own passes, by hand; the first does not count."""
    network, clock, subject = loop.model.transformer, loop.clock, loop.subject
    rounds = []
    for _ in range(num_iterations + 1):
        measured = loop.run()
        rounds.append(_Round(measured.seconds, measured.phases, bare_seconds(network, measured.passes, clock)))
    rounds = rounds[1:]
    return Overhead(
        subject.name,
        subject.config.rollout.num_images,
        loop.model.num_latent_dims,
        {name: statistics.median(one.phases[name] for one in rounds) for name in PHASES},
        statistics.median(one.bare for one in rounds),
        statistics.median(one.loop / one.bare for one in rounds),
        statistics.median(one.seconds / one.bare for one in rounds),
        Counts.of(measured.passes),
        _batching(loop, max(one.num_rows for one in measured.passes)),
    )


@dataclass(frozen=True)
class _Round:
    """Seconds of an iteration and of its bare passes."""

    seconds: float
    phases: dict[str, float]
    bare: float

    @property
    def loop(self) -> float:
        """Without decoding and rewards."""
        return self.seconds - self.phases["decode"] - self.phases["reward"]


def _batching(loop: BenchedLoop, num_rows: int) -> float:
    return _pass_seconds(loop, num_rows) / _pass_seconds(loop, 1)


@torch.no_grad()
def _pass_seconds(loop: BenchedLoop, num_rows: int, repeats: int = 3) -> float:
    model = loop.model
    sample = torch.zeros(num_rows, *model.latent_shape, device=model.device)
    sigma, condition = torch.tensor(0.5, device=model.device), loop.conditions(num_rows)
    seconds = []
    for _ in range(repeats + 1):
        with Timer(loop.clock) as timer:
            model.velocity(sample, sigma, condition)
        seconds.append(timer.seconds)
    return statistics.median(seconds[1:])
