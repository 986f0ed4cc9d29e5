"""An iteration against the bare passes through the network that it makes."""

import statistics
from dataclasses import dataclass

import torch

from tests.benchmarks.engine.clock import Timer
from tests.benchmarks.engine.loop import PHASES, BenchedLoop, Measured
from tests.benchmarks.engine.passes import Counts, Pass, bare_seconds


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
    rounds: list[tuple[Measured, float]] = []
    for _ in range(num_iterations + 1):
        measured = loop.run()
        rounds.append((measured, bare_seconds(network, measured.passes, clock)))
    rounds = rounds[1:]
    last = rounds[-1][0]
    return Overhead(
        subject.name,
        subject.config.rollout.num_images,
        loop.model.num_latent_dims,
        {name: statistics.median(measured.phases[name] for measured, _ in rounds) for name in PHASES},
        statistics.median(bare for _, bare in rounds),
        statistics.median((one.seconds - one.phases["decode"] - one.phases["reward"]) / bare for one, bare in rounds),
        statistics.median(one.seconds / bare for one, bare in rounds),
        Counts.of(last.passes),
        _batching(loop, last.passes),
    )


def _batching(loop: BenchedLoop, passes: list[Pass]) -> float:
    return _pass_seconds(loop, max(one.num_rows for one in passes)) / _pass_seconds(loop, 1)


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
