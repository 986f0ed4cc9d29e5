"""`make bench-engine`: prints the engine's benchmarks as Markdown. How far they are is told on the error stream."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from flowdppo_engine.models.registry import silence_libraries
from tests.benchmarks.engine import report
from tests.benchmarks.engine.comparisons import COMPARISONS, Comparison, Gain, measure_gain
from tests.benchmarks.engine.loop import BenchedLoop, Subject
from tests.benchmarks.engine.overhead import measure_overhead
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
        for text in _sections(options.models, options.iterations, Path(folder)):
            print(text, end="\n\n", flush=True)


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


def _sections(names: list[str], num_iterations: int, folder: Path) -> Iterator[str]:
    """The report, as it comes."""
    yield report.heading()
    subjects = {name: _subjects(name, folder) for name in names}
    yield report.overhead_section(
        [measure_overhead(BenchedLoop(_told(whole)), num_iterations) for whole, _ in subjects.values()]
    )
    yield report.GAINS
    for name, (_, compared) in subjects.items():
        yield report.gains_table(name, _gains(compared, COMPARISONS, num_iterations))
    yield from _real_size(num_iterations, folder) if torch.cuda.is_available() else [report.NO_GPU]


def _subjects(name: str, folder: Path) -> tuple[Subject, Subject]:
    """What an iteration's overhead is measured on, and its savings."""
    if name == RECIPE:
        return sandbox(), sandbox(NUM_SANDBOX_GROUPS)
    return tiny(name, folder), tiny(name, folder, rollout={"groups_per_iteration": NUM_TINY_GROUPS})


def _real_size(num_iterations: int, folder: Path) -> Iterator[str]:
    device = torch.device("cuda")
    yield report.real_size_section(measure_compilation(MEDIUM, device, folder, num_iterations))
    # Its prompts are random numbers, so there is no encoder to spare.
    comparisons = [comparison for comparison in COMPARISONS if comparison.ways.encodes_once]
    subject = real_size_subject(MEDIUM, device, folder)
    yield report.gains_table("SD3.5-M", _gains(subject, comparisons, num_iterations))


def _gains(subject: Subject, comparisons: Sequence[Comparison], num_iterations: int) -> Iterator[Gain]:
    for comparison in comparisons:
        yield measure_gain(_told(subject, comparison.name), comparison, num_iterations)


def _told(subject: Subject, what: str = "overhead") -> Subject:
    print(f"{subject.name}: {what}", file=sys.stderr, flush=True)
    return subject


if __name__ == "__main__":
    main()
