"""What stands in the editor of each kind: as typed, what is wrong with it, and the content that it makes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.core.files.uploadedfile import UploadedFile
from pydantic import ValidationError

from catalog.contents import MODEL_FIELDS, Content, model_content, prompts_content, rewards_content
from catalog.models import Kind
from catalog.prompt_texts import FIELD, MAX_BYTES
from flowdppo_engine.config import ModelConfig, RunConfig
from runs.config_errors import ConfigInvalid, Errors
from runs.config_form import BoundUnion, ConfigForm, texts_in
from runs.config_texts import Texts, data_of, texts_of

# Bytes. More than that goes by file: a browser's text field gets slow, and forms may have 2.5 MB.
LONGEST_TYPED = 1_000_000


@dataclass(frozen=True)
class Draft(ABC):
    """`errors` by the paths of a configuration. `content` is there where nothing is wrong, once judged."""

    errors: Errors = field(default_factory=dict, kw_only=True)
    content: Content | None = field(default=None, kw_only=True)

    def judged(self) -> "Draft":
        try:
            return replace(self, content=self._make(), errors={})
        except ConfigInvalid as invalid:
            return replace(self, content=None, errors=invalid.errors)

    @property
    def problems(self) -> list[str]:
        """Every sentence once."""
        return list(dict.fromkeys(message for messages in self.errors.values() for message in messages))

    @abstractmethod
    def _make(self) -> Content:
        """Raises ConfigInvalid."""


@dataclass(frozen=True)
class ModelDraft(Draft):
    template = "catalog/_model_editor.html"

    fields: Mapping

    @property
    def families(self) -> list[str]:
        return ModelConfig.model_json_schema()["properties"]["family"]["enum"]

    @property
    def errors_of(self) -> dict[str, list[str]]:
        """By the name of the field."""
        return {name: self.errors.get(f"model.{name}", []) for name in MODEL_FIELDS}

    def _make(self) -> Content:
        return model_content(self.fields)


@dataclass(frozen=True)
class PromptsDraft(Draft):
    """`file` goes before `text`. `is_too_long` says that the last version is not in `text`, for its length."""

    template = "catalog/_prompts_editor.html"

    text: str = ""
    file: UploadedFile | None = None
    is_too_long: bool = False

    def _make(self) -> Content:
        if self.file is None:
            return prompts_content(self.text)
        if self.file.size > MAX_BYTES:
            size = f"{self.file.size / 1e6:.1f} MB, more than {MAX_BYTES / 1e6:.0f} MB"
            raise ConfigInvalid({FIELD: [f"“{self.file.name}” has {size}: split the set."]})
        self.file.seek(0)
        return prompts_content(self.file.read())


@dataclass(frozen=True)
class RewardsDraft(Draft):
    """The reward blocks of a run's form. `last` stands in the place of the recipe: what departs from it is marked."""

    template = "catalog/_rewards_editor.html"

    last: RunConfig
    texts: Texts

    @property
    def blocks(self) -> BoundUnion:
        sections = self._form.sections
        return next(section for section in sections if section.node.dotted == Kind.REWARDS)

    def edited(self, post) -> "RewardsDraft | None":
        """With a block more or less, where a button for that was pressed."""
        form = self._form.edited(post)
        return RewardsDraft(self.last, form.texts) if form else None

    @property
    def _form(self) -> ConfigForm:
        return ConfigForm(self.last, self.texts, self.errors)

    def _make(self) -> Content:
        return rewards_content(data_of(self.texts)[Kind.REWARDS])


def draft_of(kind: str, content: dict | list | None = None, text: str = "") -> Draft:
    """The editor as it opens: with a content of the kind (of prompts, its `text`), or empty."""
    match kind:
        case Kind.MODEL:
            return ModelDraft(content or {"family": ModelConfig().family, "source": "", "revision": None})
        case Kind.PROMPTS:
            is_too_long = len(text.encode()) > LONGEST_TYPED
            return PromptsDraft("" if is_too_long else text, is_too_long=is_too_long)
        case _:
            last = _run_with(content)
            texts = texts_of(last.model_dump(mode="json"))
            return RewardsDraft(last, texts | texts_of({Kind.REWARDS: content}) if content else texts)


def draft_of_post(kind: str, post, files, last: list | None = None) -> Draft:
    """The editor as it was sent. `last` is the content of the newest version of rewards, to mark what has changed."""
    match kind:
        case Kind.MODEL:
            return ModelDraft({name: post.get(name, "").strip() for name in MODEL_FIELDS})
        case Kind.PROMPTS:
            return PromptsDraft(post.get("text", ""), files.get("file"))
        case _:
            return RewardsDraft(_run_with(last), texts_in(post))


def _run_with(rewards: list | None) -> RunConfig:
    """A run with these rewards; with the default ones where there are none, or where another release knew them."""
    try:
        return RunConfig(rewards=rewards) if rewards else RunConfig()
    except ValidationError:
        return RunConfig()
