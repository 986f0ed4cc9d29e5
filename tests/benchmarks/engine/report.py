"""What was measured, as Markdown."""

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

import torch

from tests.benchmarks.engine.comparisons import Gain
from tests.benchmarks.engine.loop import PHASES
from tests.benchmarks.engine.overhead import Overhead
from tests.benchmarks.engine.real_size import RealSize

# A pass of a whole batch that takes less than this many times one of a single image is mostly Python.
NETWORK_BOUND = 4


def heading() -> str:
    return (
        "## The engine\n\n"
        f"`make bench-engine`, {date.today().isoformat()}: {_machine()}, {torch.get_num_threads()} thread(s), "
        f"torch {torch.__version__}.\n\n"
        "Seconds are the processor's (on a GPU those that passed), medians over iterations after a first one. "
        "Each ratio is of two measurements taken in turn in one process."
    )


def overhead_section(rows: Sequence[Overhead]) -> str:
    cells = (
        [
            row.name,
            str(row.num_images),
            f"{row.num_latent_dims:,}",
            *(f"{row.phases[name]:.2f}" for name in PHASES),
            f"{row.bare:.2f}",
            f"{row.loop_ratio:.2f}",
            f"{row.whole_ratio:.2f}",
            f"{row.batching:.1f}" + ("" if row.batching >= NETWORK_BOUND else " (Python-bound)"),
        ]
        for row in rows
    )
    return (
        "### An iteration against its passes through the network\n\n"
        "Bare: the very calls of the network that the iteration made, backward passes included, made again by hand. "
        "Loop: an iteration without decoding and rewards, which the bare passes do not have, over bare. Whole: all of "
        "it over bare. Batch: how much longer the largest batch takes than a single image.\n\n"
        + _table(["model", "images", "latent", *PHASES, "bare", "loop", "whole", "batch"], cells)
    )


GAINS = (
    "### What each saving saves\n\n"
    "Ratios of an iteration without it to one with it. Activations: the most that is kept for backward passes. "
    "Images through the network are given with → without, and passes is the ratio of their sum, a backward pass "
    "counted as a forward one."
)


def gains_table(model: str, gains: Iterable[Gain]) -> str:
    cells = (
        [
            gain.name,
            f"{gain.seconds:.2f}",
            f"{min(gain.of_iterations):.2f} to {max(gain.of_iterations):.2f}",
            "" if gain.activations is None else f"{gain.activations:.2f}",
            *(" → ".join(f"{getattr(count, kind):,}" for count in gain.counts) for kind in _KINDS),
            f"{gain.counts[1].units / gain.counts[0].units:.2f}",
        ]
        for gain in gains
    )
    return _table([model, "time", "of iterations", "activations", *_KINDS.values(), "passes"], cells)


def real_size_section(rows: Sequence[RealSize]) -> str:
    """Raises IndexError without rows."""
    cells = (
        [
            row.name,
            f"{row.images_per_second:.2f}",
            f"{row.flops_per_second / 1e12:.0f}",
            "unknown" if row.utilisation is None else f"{row.utilisation:.1%}",
            f"{row.peak_gib:.1f}",
        ]
        for row in rows
    )
    return (
        f"### Stable Diffusion 3.5 Medium at its real size\n\n"
        f"Random weights, {rows[0].overhead.num_images} images an iteration. MFU: the FLOPs of the network's passes "
        "over those that the GPU could do in the time of whole iterations.\n\n"
        + _table(["loop", "images a second", "TFLOP/s", "MFU", "peak GiB"], cells)
        + "\n\n"
        + overhead_section([row.overhead for row in rows])
    )


NO_GPU = (
    "### Stable Diffusion 3.5 Medium at its real size\n\n"
    "Not measured: no GPU was at hand. `make bench-engine` measures it where there is one."
)

_KINDS = {"forwards": "forward", "trained": "forward, trained", "backwards": "backward"}


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _machine() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores"
