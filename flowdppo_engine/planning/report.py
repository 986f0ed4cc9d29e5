"""What `validate` tells of a run before it starts: passes through the network, memory, and what to look at twice."""

from rich.console import Console, RenderableType
from rich.table import Table

from flowdppo_engine.config import RunConfig
from flowdppo_engine.config.cautions import find_warnings
from flowdppo_engine.planning.cost import Phase, RunCost
from flowdppo_engine.planning.memory import MemoryPlan, When
from flowdppo_engine.planning.sizes import evaluated_sizes, set_size

UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
AT_A_TIME = {
    "Training device, while prompts are encoded": (When.ALWAYS, When.ENCODING),
    "Training device, while training": (When.ALWAYS, When.TRAINING),
}


def print_plan(config: RunConfig, console: Console) -> None:
    """Cost, memory and warnings. Prompt sets that cannot be read count as large as the configuration allows."""
    evaluated = evaluated_sizes(config)
    memory = MemoryPlan(config, num_prompts=_num_prompts(config, set_size(config.prompts.train), evaluated))
    for table in (cost_table(config, RunCost(config, evaluated)), memory_table(memory)):
        console.print(table)
        console.print()
    for sentence in find_warnings(config, memory.latent_dims):
        console.print(f"Warning: {sentence}", style="yellow", markup=False, highlight=False)


def cost_table(config: RunConfig, cost: RunCost) -> RenderableType:
    """Passes of one image through the transformer, by phase."""
    table = Table(
        title="Cost",
        title_justify="left",
        caption=f"{_facts(config, cost)}\nUnits are forward passes of one {_thing(config)}; a backward pass counts as "
        "one more, and gradient checkpointing adds another. The update is an upper bound: blocked tiles have no "
        "backward pass.",
        caption_justify="left",
    )
    for heading in ("", "forward only", "forward and backward", "units", "share"):
        table.add_column(heading, justify="left" if not heading else "right")
    total = cost.total_units
    for phase in cost.iteration:
        if phase.passes:
            _add_phase(table, cost, phase, cost.units(phase) * config.iterations / total)
    table.add_section()
    all_iterations = cost.units_per_iteration * config.iterations
    table.add_row("an iteration", "", "", _count(cost.units_per_iteration), _share(all_iterations / total))
    table.add_section()
    for phase in cost.once:
        if phase.passes:
            _add_phase(table, cost, phase, cost.units(phase) / total)
    table.add_section()
    table.add_row("the run", "", "", _count(total), "100 %")
    return table


def memory_table(plan: MemoryPlan) -> RenderableType:
    """Estimates, item by item, and the sum at each time."""
    caption = "Estimates for one process, without the networks of rewards, the autoencoder's work and the libraries."
    if not plan.is_complete:
        caption += "\nThe model is not on this machine, so that its sizes are not known yet."
    table = Table(title="Memory", title_justify="left", caption=caption, caption_justify="left")
    table.add_column("")
    table.add_column("when")
    table.add_column("size", justify="right")
    for item in plan.items:
        table.add_row(item.name, str(item.when), "not known yet" if item.num_bytes is None else _size(item.num_bytes))
    if plan.is_complete:
        table.add_section()
        for name, when in AT_A_TIME.items():
            table.add_row(name, "", _size(plan.total(*when)))
    return table


def _facts(config: RunConfig, cost: RunCost) -> str:
    steps = config.update.num_steps_per_rollout
    facts = [
        f"{config.rollout.num_images:,} {_thing(config)}s and {steps} optimizer step{'s' * (steps > 1)} an iteration; "
        f"{cost.num_images:,} and {cost.num_optimizer_steps:,} over {config.iterations:,} iterations."
    ]
    if cost.saved_by_shared_prefix:
        facts.append(f"The shared start of a group saves {_count(cost.saved_by_shared_prefix)} passes an iteration.")
    return "\n".join(facts)


def _thing(config: RunConfig) -> str:
    return "video" if config.model.num_frames > 1 else "image"


def _add_phase(table: Table, cost: RunCost, phase: Phase, share: float) -> None:
    table.add_row(phase.name, _count(phase.forwards), _count(phase.trained), _count(cost.units(phase)), _share(share))


def _num_prompts(config: RunConfig, num_train: int | None, evaluated: tuple[int, ...]) -> int | None:
    """Prompts that will be encoded, counting those that stand in two sets twice."""
    if num_train is None:
        return None
    drawn = config.rollout.groups_per_iteration * config.iterations
    return min(num_train, drawn) + sum(min(size, config.evaluation.num_prompts) for size in evaluated)


def _count(number: float) -> str:
    return "–" if not number else f"{number:,.0f}"


def _share(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _size(num_bytes: float) -> str:
    for unit in UNITS:
        if num_bytes < 1024 or unit == UNITS[-1]:
            return f"{num_bytes:.0f} {unit}" if unit == "B" else f"{num_bytes:.1f} {unit}"
        num_bytes /= 1024
    raise AssertionError
