"""Prompt sets as a configuration names them: read, and held against what its rewards ask of a prompt. Torch-free."""

from collections.abc import Iterator
from dataclasses import dataclass

from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompts import Prompt, load_prompts

QUOTES = str.maketrans("“”", '""')


@dataclass(frozen=True)
class PromptProblem:
    """What is wrong with a prompt set, and the field that names the set."""

    field: str
    message: str


def named_prompt_sets(config: RunConfig) -> list[tuple[str, str]]:
    """Each prompt set of a configuration, after the field that names it."""
    evaluation = [("evaluation.prompt_sets", source) for source in config.evaluation.prompt_sets]
    return [("prompts.train", config.prompts.train), *evaluation]


def find_prompt_problems(config: RunConfig) -> Iterator[PromptProblem]:
    """Sets that are missing or unreadable, and prompts that a reward of the run cannot judge."""
    for field, source in named_prompt_sets(config):
        try:
            prompts = load_prompts(source)
        except ValueError as error:
            yield PromptProblem(field, str(error))
        except OSError as error:
            yield PromptProblem(field, f"prompt set {source!r} cannot be read: {error.strerror}.")
        else:
            yield from (PromptProblem(field, message) for message in _find_unfit(config, source, prompts))


def _find_unfit(config: RunConfig, source: str, prompts: list[Prompt]) -> Iterator[str]:
    for reward in config.rewards:
        if reward.asks_questions:
            yield from _tell(reward.logged_as, source, "question", [p for p in prompts if not p.questions], prompts)
        if reward.name == "ocr":
            unquoted = [prompt for prompt in prompts if prompt.text.translate(QUOTES).count('"') < 2]
            yield from _tell(reward.logged_as, source, "text in quotes", unquoted, prompts)


def _tell(reward: str, source: str, lacking: str, unfit: list[Prompt], prompts: list[Prompt]) -> Iterator[str]:
    if unfit:
        yield (
            f"prompt set {source!r}: {len(unfit)} of {len(prompts)} prompts have no {lacking} for {reward}, the "
            f"first: {unfit[0].text!r}: take them out or leave out the reward."
        )
