"""Prompt sets as a configuration names them: read, and held against what its rewards ask of a prompt. Torch-free."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowdppo_engine.config import RewardConfig, RunConfig
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
            trains = field == "prompts.train"
            yield from (PromptProblem(field, text) for text in _find_unquoted(config, source, prompts))
            yield from (PromptProblem(field, text) for text in _find_unasked(config, source, prompts, trains))
            if source == next(iter(config.evaluation.prompt_sets), None) and not trains:
                yield from _find_in_best(config, source, prompts)


def find_unscored(config: RunConfig, source: str, prompts: Sequence[Prompt]) -> Iterator[str]:
    """What keeps an evaluation from scoring a set; rewards that ask questions are left out where no prompt has one."""
    yield from _find_unquoted(config, source, prompts)
    yield from _find_unasked(config, source, prompts, trains=False)


def _find_unquoted(config: RunConfig, source: str, prompts: Sequence[Prompt]) -> Iterator[str]:
    unquoted = [prompt for prompt in prompts if prompt.text.translate(QUOTES).count('"') < 2]
    for reward in (reward.logged_as for reward in config.rewards if reward.name == "ocr"):
        yield from _tell(source, "text in quotes", reward, unquoted, prompts, "take them out or leave out the reward.")


def _find_unasked(config: RunConfig, source: str, prompts: Sequence[Prompt], trains: bool) -> Iterator[str]:
    """Training wants questions of every prompt, an evaluation of all or of none."""
    asking = [reward.logged_as for reward in config.rewards if reward.asks_questions]
    unasked = [prompt for prompt in prompts if not prompt.questions]
    has_none = len(unasked) == len(prompts)
    if trains or not has_none:
        remedy = "take them out or leave out the reward." if trains else "put them into a set of their own."
        for reward in asking:
            yield from _tell(source, "question", reward, unasked, prompts, remedy)
    elif len(asking) == len(config.rewards):
        yield (
            f"prompt set {source!r} has no questions, and every reward of the run asks some: leave out the set, or "
            "add a reward without questions (at weight 0 it is only logged)."
        )


def _find_in_best(config: RunConfig, source: str, prompts: Sequence[Prompt]) -> Iterator[PromptProblem]:
    """The best checkpoint is told by the first set, which must have that score."""
    reward = _told_by(config)
    if config.checkpoint.keep_best and reward.asks_questions and not any(prompt.questions for prompt in prompts):
        yield PromptProblem(
            "evaluation.prompt_sets",
            f"the best checkpoint is told by {reward.logged_as} on the first set, but {source!r} has no questions: "
            "put a set with questions first, or name another score in checkpoint.best_score.",
        )


def _told_by(config: RunConfig) -> RewardConfig:
    """The reward whose score tells the best checkpoint."""
    score = config.checkpoint.best_score
    if score is None:
        return next((reward for reward in config.rewards if reward.weight), config.rewards[0])
    owners = [one for one in config.rewards if score == one.logged_as or score.startswith(f"{one.logged_as}_")]
    return max(owners, key=lambda reward: len(reward.logged_as))


def _tell(
    source: str, lacking: str, reward: str, unfit: Sequence[Prompt], prompts: Sequence[Prompt], remedy: str
) -> Iterator[str]:
    if unfit:
        yield (
            f"prompt set {source!r}: {len(unfit)} of {len(prompts)} prompts have no {lacking} for {reward}, the "
            f"first: {unfit[0].text!r}: {remedy}"
        )
