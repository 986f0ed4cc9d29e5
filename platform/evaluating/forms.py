"""The form of an evaluation: which checkpoints, on which prompts, by which rewards."""

from collections.abc import Sequence

from django import forms
from django.core.exceptions import ValidationError

from catalog.models import Kind, Version
from catalog.prompt_files import is_reference, name_of
from catalog.selectors import newest_versions
from evaluating.wishes import MAX_IMAGES_PER_PROMPT, MAX_PROMPTS, Wish, defaults_of
from runs.models import Checkpoint, Run
from teams.models import User

WHOLE = forms.TextInput(attrs={"inputmode": "numeric"})
DECIMAL = forms.TextInput(attrs={"inputmode": "decimal"})
MAX_SEED = 2**31 - 1 - MAX_IMAGES_PER_PROMPT
OWN_REWARDS = ""


class EvaluationForm(forms.Form):
    """`checkpoints` may be empty: then the base model alone is evaluated."""

    checkpoints = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    prompt_sets = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, error_messages={"required": "Choose at least one."}
    )
    rewards = forms.ChoiceField(required=False, initial=OWN_REWARDS)
    num_prompts = forms.IntegerField(min_value=1, max_value=MAX_PROMPTS, widget=WHOLE)
    images_per_prompt = forms.IntegerField(min_value=1, max_value=MAX_IMAGES_PER_PROMPT, initial=1, widget=WHOLE)
    first_seed = forms.IntegerField(min_value=0, max_value=MAX_SEED, initial=0, widget=WHOLE)
    num_denoising_steps = forms.IntegerField(min_value=1, max_value=200, widget=WHOLE)
    guidance_scale = forms.FloatField(min_value=1, max_value=30, widget=DECIMAL)

    def __init__(self, data=None, *, user: User, run: Run, checkpoints: Sequence[Checkpoint], only: int | None = None):
        """`only`: the id of the checkpoint that is ticked at first; without it all are."""
        ticked = [str(one.id) for one in checkpoints if only is None or one.id == only]
        super().__init__(data, initial=defaults_of(run.config) | {"checkpoints": ticked})
        self._checkpoints = checkpoints
        self._rewards: dict[str, Version] = {}
        self.fields["checkpoints"].choices = [(str(one.id), f"Iteration {one.iteration}") for one in checkpoints]
        versions = list(newest_versions(user, run.experiment.team_id))
        self.fields["prompt_sets"].choices = _prompt_sets(run, versions)
        self._rewards = {str(one.id): one for one in versions if one.item.kind == Kind.REWARDS}
        own = ", ".join(reward.get("label") or reward["name"] for reward in run.config["rewards"])
        self.fields["rewards"].choices = [
            (OWN_REWARDS, f"The run’s own: {own}"),
            *((key, str(version)) for key, version in self._rewards.items()),
        ]

    def clean(self) -> dict:
        data = super().clean()
        if not self.errors and data["first_seed"] + data["images_per_prompt"] - 1 > MAX_SEED:
            raise ValidationError(f"Seeds go up to {MAX_SEED:,}: begin at a lower one.")
        return data

    def wish(self) -> Wish:
        """What was sent, which must be valid; or what the form begins with."""
        data = self.cleaned_data if self.is_bound else {name: self[name].initial for name in self.fields}
        version = self._rewards.get(data["rewards"])
        chosen = set(data["checkpoints"])
        return Wish(
            checkpoints=tuple(one for one in self._checkpoints if str(one.id) in chosen),
            prompt_sets=tuple(data["prompt_sets"]),
            num_prompts=data["num_prompts"],
            seeds=tuple(range(data["first_seed"], data["first_seed"] + data["images_per_prompt"])),
            num_denoising_steps=data["num_denoising_steps"],
            guidance_scale=data["guidance_scale"],
            rewards=version.content if version else None,
        )


def _prompt_sets(run: Run, versions: Sequence[Version]) -> list[tuple[str, str]]:
    """The run's own ones first, then what it trains on, then the catalogue's."""
    found = {source: _title(source) for source in run.config["evaluation"]["prompt_sets"]}
    training = run.config["prompts"]["train"]
    found.setdefault(training, f"{_title(training)} (it trains on these)")
    for version in versions:
        if version.item.kind == Kind.PROMPTS:
            found.setdefault(version.reference, f"{version} ({version.content['num_prompts']:,} prompts)")
    return list(found.items())


def _title(source: str) -> str:
    return name_of(source) if is_reference(source) else source
