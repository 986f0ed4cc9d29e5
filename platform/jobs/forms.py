"""The form of a dry run: which pictures are scored, and where its configuration comes from."""

import json
from collections.abc import Mapping

from django import forms
from django.core.exceptions import ValidationError

from catalog.models import Kind, Version
from catalog.selectors import newest_versions
from flowdppo_engine.config import RunConfig
from flowdppo_engine.jobs.specs import MAX_PICTURES, MAX_PROMPT_LENGTH
from jobs import base_models, uploads
from jobs.uploads import Upload
from runs.config_errors import ConfigInvalid, check_config
from teams.models import Team, User

NUMBER = forms.TextInput(attrs={"inputmode": "numeric"})
DRAWN, GIVEN = "drawn", "given"
MAX_CONFIG = 200_000
FIRST_RECIPE = "sandbox-flow-dppo"
NO_SET = "sandbox:train"


class PicturesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class PicturesField(forms.FileField):
    """Any number of files, unread."""

    widget = PicturesInput

    def clean(self, data, initial=None) -> list:
        return list(data or [])


class DryRunForm(forms.Form):
    """`config` is JSON: all of a run's configuration, or its rewards alone, to be completed by a `base` model."""

    config = forms.CharField(max_length=MAX_CONFIG, widget=forms.HiddenInput)
    name = forms.CharField(max_length=120, widget=forms.HiddenInput)
    source = forms.ChoiceField(
        choices=[(DRAWN, "Draw some with the base model"), (GIVEN, "Upload some")], widget=forms.RadioSelect
    )
    prompts = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 3}))
    num_prompts = forms.IntegerField(min_value=1, max_value=16, required=False, widget=NUMBER)
    images_per_prompt = forms.IntegerField(min_value=1, max_value=16, required=False, widget=NUMBER)
    pictures = PicturesField(required=False, widget=PicturesInput(attrs={"accept": ".png,.jpg,.jpeg,.webp"}))
    base = forms.ChoiceField(required=False)
    prompt_set = forms.ChoiceField(required=False)

    def __init__(self, data=None, files=None, *, user: User, team: Team, initial: Mapping | None = None):
        defaults = {"source": DRAWN, "num_prompts": 4, "images_per_prompt": 4, "base": FIRST_RECIPE}
        super().__init__(data, files, initial=defaults | dict(initial or {}))
        self._user = user
        self.fields["base"].choices = base_models.choices(user, team)
        self.fields["prompt_set"].choices = [("", "As its recipe has it"), *_prompt_sets(user, team)]

    @property
    def has_whole_config(self) -> bool:
        """Whether it comes from the form of a run, which has said everything but the pictures."""
        return "model" in _read_config(str(self["config"].value() or ""))

    def clean_config(self) -> dict:
        fields = _read_config(self.cleaned_data["config"])
        if not fields:
            raise ValidationError("What is to be tried got lost on the way: start again from where you came.")
        return fields

    def clean_prompts(self) -> list[str]:
        lines = [line.strip() for line in self.cleaned_data["prompts"].splitlines() if line.strip()]
        if any(len(line) > MAX_PROMPT_LENGTH for line in lines):
            raise ValidationError(f"A prompt has more than {MAX_PROMPT_LENGTH} characters: shorten it.")
        return lines

    def clean(self) -> dict:
        data = self.cleaned_data
        if not self.errors:
            data["num_prompts"], data["images_per_prompt"] = data["num_prompts"] or 4, data["images_per_prompt"] or 4
            self._judge_choices()
        if not self.errors:
            try:
                data["checked"] = check_config(self._merged())
            except ConfigInvalid as invalid:
                for message in messages_of(invalid):
                    self.add_error(None, message)
        return data

    def _judge_choices(self) -> None:
        data = self.cleaned_data
        num_drawn = (len(data["prompts"]) or data["num_prompts"]) * data["images_per_prompt"]
        if data["source"] == GIVEN:
            self._pair()
        elif num_drawn > MAX_PICTURES:
            self.add_error("images_per_prompt", f"That makes {num_drawn} pictures: take at most {MAX_PICTURES}.")
        if "model" not in data["config"] and not data["base"]:
            self.add_error("base", "Choose one.")

    def _pair(self) -> None:
        data = self.cleaned_data
        if not data["pictures"]:
            self.add_error("pictures", f"Choose up to {uploads.MAX_FILES} pictures.")
        elif not data["prompts"]:
            self.add_error("prompts", "Say what they were drawn for: one prompt for all, or a line for each.")
        else:
            try:
                data["given"] = uploads.pair(data["pictures"], data["prompts"])
            except ValidationError as error:
                self.add_error("pictures", error)

    def _merged(self) -> dict:
        """The configuration with what was chosen here."""
        data, whole = self.cleaned_data, RunConfig().model_dump(mode="json")
        if data["base"]:
            whole |= base_models.fields_of(self._user, data["base"])
            if data["prompts"]:
                # The recipe's own set, which need not be here, has nothing to do with prompts that were written.
                whole["prompts"] = {"train": NO_SET}
        if data["prompt_set"]:
            whole["prompts"] = {"train": data["prompt_set"]}
        return whole | data["config"]

    def what_to_score(self) -> dict:
        """For `services.dry_run`."""
        data = self.cleaned_data
        if data["source"] == GIVEN:
            given: list[Upload] = data["given"]
            return {"given": given}
        return {name: data[name] for name in ("prompts", "num_prompts", "images_per_prompt")}


def _read_config(text: str) -> dict:
    try:
        fields = json.loads(text)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _prompt_sets(user: User, team: Team) -> list[tuple[str, str]]:
    sets = newest_versions(user, team.id).filter(item__kind=Kind.PROMPTS)
    return [(version.reference, _title(version)) for version in sets]


def _title(version: Version) -> str:
    return f"{version} ({version.content['num_prompts']:,} prompts)"


def messages_of(invalid: ConfigInvalid) -> list[str]:
    return [f"{path}: {text}" if path else text for path, texts in invalid.errors.items() for text in texts]
