"""How many prompts there are to evaluate."""

from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompts import load_prompts


def set_size(source: str) -> int | None:
    """Prompts in a set; None where it cannot be read."""
    try:
        return len(load_prompts(source))
    except (OSError, ValueError):
        return None


def evaluated_sizes(config: RunConfig) -> tuple[int, ...]:
    """Of each evaluation set, as large as the configuration allows where it cannot be read."""
    sizes = (set_size(source) for source in config.evaluation.prompt_sets)
    return tuple(config.evaluation.num_prompts if size is None else size for size in sizes)
