"""What an evaluation draws, in portions that are told at one stroke: a death costs no more than one. Torch-free."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowdppo_engine.errors import BadConfig
from flowdppo_engine.jobs.specs import EvaluateJob
from flowdppo_engine.prompt_checks import find_unscored
from flowdppo_engine.prompts import Prompt, load_prompts

MOST_PICTURES = 32


@dataclass(frozen=True)
class Portion:
    """Whole prompts of a set, from its prompt `first` on, since pictures of one prompt are compared with each other.

    `measured`: whether the KL to the base model is measured on them.
    """

    prompt_set: str
    first: int
    prompts: tuple[Prompt, ...]
    measured: bool


def read_sets(job: EvaluateJob) -> dict[str, list[Prompt]]:
    """The prompts of each set. Raises BadConfig where a set cannot be read, or what is left cannot be scored."""
    evaluation, sets = job.config.evaluation, {}
    for source in evaluation.prompt_sets:
        try:
            sets[source] = load_prompts(source)[: evaluation.num_prompts]
        except (ValueError, OSError) as error:
            raise BadConfig(f"evaluation.prompt_sets: {error}") from error
        for problem in find_unscored(job.config, source, sets[source]):
            raise BadConfig(f"evaluation.prompt_sets: {problem}")
    return sets


def portions_of(job: EvaluateJob, prompt_set: str, prompts: Sequence[Prompt]) -> Iterator[Portion]:
    """The same ones at every start, and for every policy: so a batch never has other neighbours."""
    evaluation, num_seeds = job.config.evaluation, len(job.seeds)
    size = max(1, min(evaluation.batch_size, MOST_PICTURES) // num_seeds)
    num_measured = min(evaluation.num_drift_prompts, len(prompts))
    for begin, end, measured in ((0, num_measured, True), (num_measured, len(prompts), False)):
        for first in range(begin, end, size):
            yield Portion(prompt_set, first, tuple(prompts[first : min(first + size, end)]), measured)
