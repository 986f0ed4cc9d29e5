"""`make bench-engine`: prints the engine's benchmarks as Markdown. How far they are is told on the error stream."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from flowdppo_engine.models.registry import silence_libraries
from tests.benchmarks.engine import report
from tests.benchmarks.engine.comparisons import COMPARISONS, Gain, measure_gain
from tests.benchmarks.engine.loop import BenchedLoop, Subject
from tests.benchmarks.engine.overhead import Overhead, measure_overhead
from tests.benchmarks.engine.real_size import MEDIUM, measure_compilation, real_size_subject
from tests.benchmarks.engine.subjects import RECIPE, sandbox, tiny
from tests.flowdppo_engine.models.tiny import NAMES

# Of the sandbox's 32 groups and a tiny family's 4: fewer images tell as much of what a saving saves.
NUM_SANDBOX_GROUPS, NUM_TINY_GROUPS = 8, 2


def main() -> None:
    options = _parse()
    # A pass this small gains nothing from a second thread, and other work on the machine disturbs it less.
    torch.set_num_threads(1)
    silence_libraries()
    with TemporaryDirectory() as folder:
        print(report.heading(), flush=True)
        overheads, gains = _measure_small(options.models, options.iterations, Path(folder))
        print("", report.overhead_section(overheads), "", report.gains_section(gains), sep="\n", flush=True)
        print("", _real_size(options.iterations, Path(folder)), sep="\n")


def _parse():
    parser = ArgumentParser(prog="tests.benchmarks.engine", description=__doc__)
    names = (RECIPE, *NAMES)
    parser.add_argument("models", nargs="*", help=f"of {', '.join(names)}; all without any")
    parser.add_argument("--iterations", type=int, default=4, help="measured iterations of each loop")
    options = parser.parse_args()
    if unknown := sorted(set(options.models) - set(names)):
        parser.error(f"{', '.join(unknown)}: choose of {', '.join(names)}")
    options.models = options.models or list(names)
    return options


def _measure_small(
    names: list[str], num_iterations: int, folder: Path
) -> tuple[list[Overhead], list[tuple[str, Gain]]]:
    overheads, gains = [], []
    for name in names:
        whole, compared = _subjects(name, folder)
        _tell(f"{name}: overhead")
        overheads.append(measure_overhead(BenchedLoop(whole), num_iterations))
        gains += _measure_gains(name, compared, num_iterations)
    return overheads, gains


def _subjects(name: str, folder: Path) -> tuple[Subject, Subject]:
    """What an iteration's overhead is measured on, and its savings."""
    if name == RECIPE:
        return sandbox(), sandbox(NUM_SANDBOX_GROUPS)
    return tiny(name, folder), tiny(name, folder, rollout={"groups_per_iteration": NUM_TINY_GROUPS})


def _measure_gains(name: str, subject: Subject, num_iterations: int, encodes: bool = True) -> list[tuple[str, Gain]]:
    gains = []
    for comparison in COMPARISONS:
        if encodes or comparison.ways.encodes_once:
            _tell(f"{name}: {comparison.name}")
            gains.append((name, measure_gain(subject, comparison, num_iterations)))
    return gains


def _real_size(num_iterations: int, folder: Path) -> str:
    if not torch.cuda.is_available():
        return report.NO_GPU
    device = torch.device("cuda")
    _tell("SD3.5-M at its real size")
    rows = measure_compilation(MEDIUM, device, folder, num_iterations)
    subject = real_size_subject(MEDIUM, device, folder)
    # Its prompts are random numbers, so there is no encoder to spare.
    gains = _measure_gains("SD3.5-M", subject, num_iterations, encodes=False)
    return f"{report.real_size_section(rows)}\n\n{report.gains_section(gains)}"


def _tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
