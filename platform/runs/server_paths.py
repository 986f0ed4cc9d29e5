"""Which files of the server a configuration may name: those that the operator put into the data folder for it.

Without this rule anyone who may submit a run could find out which files the server has, and have them read.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from catalog.prompt_files import is_reference
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompt_checks import named_prompt_sets
from flowdppo_engine.prompts import is_sandbox
from runs.entries import slots_for

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")


def on_this_server(config: RunConfig) -> RunConfig:
    """The configuration with relative prompt files, as recipes name them, found in the data folder."""
    prompts = config.prompts.model_copy(update={"train": _prompt_file(config.prompts.train)})
    sets = tuple(map(_prompt_file, config.evaluation.prompt_sets))
    evaluation = config.evaluation.model_copy(update={"prompt_sets": sets})
    return config.model_copy(update={"prompts": prompts, "evaluation": evaluation})


def find_outside_paths(config: RunConfig) -> Iterator[tuple[str, str]]:
    """Each field that names a path outside its folder, with a sentence that says where such files go."""
    for path, source in named_prompt_sets(config):
        if not _is_kept_for_runs(source) and not _is_inside(source, settings.PROMPTS_DIR):
            yield path, f"“{source}” is no prompt set: choose a sandbox: set, or a file in {settings.PROMPTS_DIR}."
    if config.model.source != "sandbox" and not _is_model(config.model.source):
        yield "model.source", f"“{config.model.source}” is no model: give sandbox, {_model_remedy()}"
    for slot, reward in zip(slots_for(reward.name for reward in config.rewards), config.rewards, strict=True):
        for field, source in reward.sources.items():
            if not _is_model(source):
                yield f"rewards.{slot}.{field}", f"“{source}” is no model: give {_model_remedy()}"


def _prompt_file(source: str) -> str:
    return source if _is_kept_for_runs(source) else str(settings.PROMPTS_DIR.parent / source)


def _is_kept_for_runs(source: str) -> bool:
    """Whether it is the engine's own or the catalogue's, and the same wherever the run goes."""
    return is_sandbox(source) or is_reference(source)


def _is_model(source: str) -> bool:
    return bool(HUB_ID.fullmatch(source)) or _is_inside(source, settings.MODELS_DIR)


def _model_remedy() -> str:
    return f"a hub id such as owner/name, or a folder in {settings.MODELS_DIR}."


def _is_inside(source: str, folder: Path) -> bool:
    path = Path(source)
    return path.is_absolute() and path.resolve().is_relative_to(folder.resolve())
