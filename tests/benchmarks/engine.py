"""An iteration of the sandbox recipe against the bare cost of the same passes through the network, called by hand."""

import platform
import statistics
import tempfile
import time
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from flowdppo_engine.config import RunConfig
from flowdppo_engine.events import EVENTS_FILE, Metrics, parse_event
from flowdppo_engine.models.conditions import Conditions
from flowdppo_engine.models.registry import load_model
from flowdppo_engine.recipes import apply_overrides, recipe_fields
from flowdppo_engine.training import run
from flowdppo_engine.training.stopping import StopRequest

RECIPE = "sandbox-flow-dppo"
NUM_ITERATIONS = 6
# The first iteration warms caches up.
SKIPPED = 1
OVERRIDES = [
    f"iterations={NUM_ITERATIONS}", "evaluation.num_prompts=1", "samples.num_prompts=1", "samples.seeds_per_prompt=1",
]  # fmt: skip


def main() -> None:
    config = RunConfig.model_validate(apply_overrides(recipe_fields(RECIPE), OVERRIDES))
    phases = measure_phases(config)
    bare = measure_bare_passes(config)
    total = sum(phases.values())
    num_images = config.rollout.group_size * config.rollout.groups_per_iteration
    table = Table(title=f"{RECIPE}: one iteration of {num_images} images, median of {NUM_ITERATIONS - SKIPPED}")
    for heading in ("phase", "seconds", "share"):
        table.add_column(heading)
    for name, seconds in phases.items():
        table.add_row(name, f"{seconds:.2f}", f"{seconds / total:.0%}")
    table.add_row("iteration", f"{total:.2f}", f"{num_images / total:.0f} images a second")
    table.add_row("bare passes through the network", f"{bare:.2f}", f"ratio {total / bare:.2f}")
    console = Console()
    console.print(table)
    console.print(
        f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"
    )


def measure_phases(config: RunConfig) -> dict[str, float]:
    """Median seconds of rollout, reward and update, from the run's own events."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "run"
        run.train(config, folder, stop=StopRequest(), listeners=[])
        events = [parse_event(line) for line in (folder / EVENTS_FILE).read_bytes().splitlines()]
    values = [event.values for event in events if isinstance(event, Metrics)][SKIPPED:]
    return {
        name: statistics.median(value[f"time/{name}_seconds"] for value in values)
        for name in ("rollout", "reward", "update")
    }


def measure_bare_passes(config: RunConfig) -> float:
    """Seconds of as many forward, and forward and backward, passes as an iteration makes, on batches as large."""
    model = load_model(config.model, torch.device("cpu"))
    model.add_lora(config.lora, seed=0)
    num_images = config.rollout.group_size * config.rollout.groups_per_iteration
    forward, update = config.rollout.batch_size, config.update.tile_samples
    num_forwards = num_images * config.rollout.num_denoising_steps / forward
    num_updates = num_images * config.rollout.stochastic_steps.k * config.update.inner_epochs / update
    one = model.encode_prompts(["three red circles and one blue square"])
    return num_forwards * _time(lambda: _forward(model, one, forward)) + num_updates * _time(
        lambda: model.velocity(*_inputs(model, one, update)).square().mean().backward()
    )


@torch.no_grad()
def _forward(model, one: Conditions, num_rows: int) -> torch.Tensor:
    return model.velocity(*_inputs(model, one, num_rows))


def _inputs(model, one: Conditions, num_rows: int):
    return torch.randn(num_rows, *model.latent_shape), torch.tensor(0.5), one.take(torch.zeros(num_rows, dtype=int))


def _time(action, repeats: int = 8) -> float:
    """Median seconds of one call, after a first one that does not count."""
    seconds = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds[1:])
