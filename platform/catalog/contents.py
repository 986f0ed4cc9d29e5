"""What a version of each kind holds, checked with the engine's own models and in its own words."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import yaml
from pydantic import TypeAdapter, ValidationError

from catalog.models import Kind
from catalog.prompt_texts import SUFFIXES, read_prompts
from flowdppo_engine.config import ModelConfig, RewardConfig, RunConfig
from runs.config_errors import TOP, ConfigInvalid, Errors, check_config

MODEL_FIELDS = ("family", "source", "revision")
# A length of prompts that every family takes: which one fits is the run's business.
ANY_PROMPT_LENGTH = 256
MAX_REWARDS = 50

_REWARDS = TypeAdapter(tuple[RewardConfig, ...])


@dataclass(frozen=True)
class Content:
    """`data` is JSON data; `text` the file of a prompt set, with its suffix, and empty for other kinds."""

    kind: Kind
    data: dict | list
    sha256: str
    text: str = ""
    suffix: str = "yaml"

    @property
    def file(self) -> str:
        """What a download holds."""
        return self.text or as_yaml(self.kind, self.data)


def model_content(fields: Mapping) -> Content:
    """A base model: `family`, `source` and `revision`. Raises ConfigInvalid."""
    wanted = {name: fields.get(name) or None for name in MODEL_FIELDS}
    model = ModelConfig().model_dump(mode="json") | wanted | {"max_sequence_length": ANY_PROMPT_LENGTH}
    _check("model", model, [f"model.{name}" for name in MODEL_FIELDS])
    return _of_data(Kind.MODEL, wanted)


def rewards_content(blocks: Iterable[Mapping]) -> Content:
    """Rewards as RunConfig has them. Raises ConfigInvalid, by the paths of the form."""
    blocks = list(blocks)
    if not all(isinstance(block, Mapping) for block in blocks):
        raise ConfigInvalid({"rewards": ["Each reward is a block of fields that begins with its name."]})
    if len(blocks) > MAX_REWARDS:
        raise ConfigInvalid({"rewards": [f"{len(blocks)} rewards are too many: give at most {MAX_REWARDS}."]})
    _check("rewards", blocks, ["rewards"])
    return _of_data(Kind.REWARDS, _REWARDS.dump_python(_REWARDS.validate_python(blocks), mode="json"))


def prompts_content(raw: str | bytes) -> Content:
    """A prompt set, from a text or a file. Raises ConfigInvalid, which names the lines."""
    found = read_prompts(raw)
    return Content(Kind.PROMPTS, found.facts, found.sha256, found.text, SUFFIXES[found.format])


def block_of(kind: str, config: RunConfig) -> Content:
    """What a configuration has of a kind: its base model or its rewards."""
    data = config.model_dump(mode="json")
    if kind == Kind.MODEL:
        return _of_data(Kind.MODEL, {name: data["model"][name] for name in MODEL_FIELDS})
    return _of_data(Kind.REWARDS, data["rewards"])


def normalised(kind: str, data: dict | list) -> dict | list | None:
    """A block as this release writes it; None where it does not fit."""
    try:
        if kind == Kind.MODEL:
            model = ModelConfig(**{name: data.get(name) for name in MODEL_FIELDS}).model_dump(mode="json")
            return {name: model[name] for name in MODEL_FIELDS}
        return _REWARDS.dump_python(_REWARDS.validate_python(data), mode="json")
    except ValidationError:
        return None


def as_yaml(kind: str, data: dict | list) -> str:
    """The block of a configuration that the content stands for."""
    return yaml.safe_dump({str(kind): data}, sort_keys=False, allow_unicode=True)


def summary_of(kind: str, data: dict | list) -> str:
    """A content in one line."""
    if kind == Kind.MODEL:
        return " · ".join(filter(None, (data["family"], data["source"], data["revision"])))
    if kind == Kind.REWARDS:
        return " · ".join(f"{name_of_reward(block)} × {block.get('weight', 1.0):g}" for block in data)
    asked = (("prompt", data["num_prompts"]), ("question", data["num_questions"]))
    return ", ".join(f"{count:,} {word}{'s'[: count != 1]}" for word, count in asked if count)


def name_of_reward(block: Mapping) -> str:
    """What a reward is logged as; no two of a config share it."""
    return block.get("label") or block["name"]


def _of_data(kind: Kind, data: dict | list) -> Content:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return Content(kind, data, hashlib.sha256(text.encode()).hexdigest())


def _check(block: str, value, fields: list[str]) -> None:
    """Judge the block in a run that is otherwise the default one, and leave out what concerns the rest of that run."""
    try:
        check_config(RunConfig().model_dump(mode="json") | {block: value})
    except ConfigInvalid as invalid:
        if own := _within(invalid.errors, fields):
            raise ConfigInvalid(own) from invalid


def _within(errors: Errors, fields: list[str]) -> Errors:
    at_field = {
        path: messages
        for path, messages in errors.items()
        if any(path == field or path.startswith(f"{field}.") for field in fields)
    }
    known = {message for messages in at_field.values() for message in messages}
    top = [text for text in errors.get(TOP, ()) if text not in known and text.startswith(tuple(fields))]
    return at_field | ({TOP: top} if top else {})
