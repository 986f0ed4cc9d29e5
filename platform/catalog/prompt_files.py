"""Prompt sets of the catalogue as files, for the engine and for the checks of a configuration.

A configuration names one by its reference, `prompts/NAME-v3.<16 digits of its hash>.jsonl`, the same on every machine.
The text itself is in the database; where it is read for the first time, it is laid into the folder of prompts. The
hash makes a reference impossible to guess, and `uses.find_uses` lets a team submit its own alone.
"""

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.utils.text import slugify

from catalog.models import PromptText
from flowdppo_engine.config import RunConfig
from flowdppo_engine.prompt_checks import named_prompt_sets

FOLDER = "prompts"
REFERENCE = re.compile(rf"{FOLDER}/[a-z0-9_-]+-v\d+\.[0-9a-f]{{16}}\.(?:txt|jsonl)")
LONGEST_NAME = 50


def reference_of(name: str, number: int, sha256: str, suffix: str) -> str:
    """What a configuration calls a version of the prompt set `name`."""
    slug = slugify(name)[:LONGEST_NAME] or "set"
    return f"{FOLDER}/{slug}-v{number}.{sha256[:16]}.{suffix}"


def is_reference(source: str) -> bool:
    return bool(REFERENCE.fullmatch(source))


def name_of(source: str) -> str:
    """A prompt set in words: `cats-v3` of a reference; of others the last part, without the sandbox or the folder."""
    last = source.rpartition(":")[2].rpartition("/")[2]
    return last.split(".")[0] if is_reference(source) else last


def path_of(reference: str) -> Path:
    """The file on this machine, which is there after `lay`."""
    return settings.PROMPTS_DIR / reference.removeprefix(f"{FOLDER}/")


def lay_files_of(config: RunConfig) -> None:
    """Have the files on this machine that a configuration refers to."""
    lay(source for _, source in named_prompt_sets(config))


def with_files(config: RunConfig) -> RunConfig:
    """The configuration with references replaced by files on this machine, to be read here and kept nowhere."""
    lay_files_of(config)
    prompts = config.prompts.model_copy(update={"train": _file_of(config.prompts.train)})
    sets = tuple(map(_file_of, config.evaluation.prompt_sets))
    evaluation = config.evaluation.model_copy(update={"prompt_sets": sets})
    return config.model_copy(update={"prompts": prompts, "evaluation": evaluation})


def lay(sources: Iterable[str]) -> None:
    """Have the files of those sources that are references; one that is of no version is left out."""
    missing = {source for source in sources if is_reference(source) and not path_of(source).exists()}
    if not missing:
        return
    rows = PromptText.objects.filter(version__reference__in=missing).values_list("version__reference", "text")
    for reference, text in rows.iterator(chunk_size=1):
        _write(path_of(reference), text)


def _file_of(source: str) -> str:
    return str(path_of(source)) if is_reference(source) else source


def _write(path: Path, text: str) -> None:
    """A whole file or none, whoever else writes it at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, staged = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    os.chmod(staged, 0o644)
    os.replace(staged, path)
