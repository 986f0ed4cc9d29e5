"""How many prompts there are to evaluate."""

from functools import lru_cache

from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompts import find_prompts, load_prompts


def set_size(source: str) -> int | None:
    """Prompts in a set; None where it cannot be read."""
    try:
        file = find_prompts(source).stat()
        return _num_prompts(source, file.st_ino, file.st_size, file.st_mtime_ns)
    except (OSError, ValueError):
        return None


def evaluated_sizes(config: RunConfig) -> tuple[int, ...]:
    """Of each evaluation set, as large as the configuration allows where it cannot be read."""
    sizes = (set_size(source) for source in config.evaluation.prompt_sets)
    return tuple(config.evaluation.num_prompts if size is None else size for size in sizes)


# Pages of runs ask again and again. A file that was written anew is another one.
@lru_cache(maxsize=256)
def _num_prompts(source: str, *_file: int) -> int:
    return len(load_prompts(source))
