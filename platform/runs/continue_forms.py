"""The forms in which somebody has a run go on: further, or from one of its checkpoints."""

import yaml
from django import forms
from django.core.exceptions import ValidationError

from flowdppo_engine.recipes import apply_overrides
from runs.continuing import MAX_ITERATIONS
from runs.models import Checkpoint, Run
from runs.selectors import visible_experiments
from teams.models import User

MAX_CHANGES = 50


class Iterations(forms.IntegerField):
    def __init__(self):
        words = {"required": "Empty: give the iterations in all."}
        digits = forms.TextInput(attrs={"inputmode": "numeric"})
        super().__init__(min_value=1, max_value=MAX_ITERATIONS, error_messages=words, widget=digits)


class MoreIterationsForm(forms.Form):
    iterations = Iterations()


class CheckpointForm(forms.Form):
    """A new run from a checkpoint: called how, where, up to which iteration, and what is different."""

    name = forms.CharField(max_length=120, error_messages={"required": "Empty: give the run a name."})
    experiment = forms.ModelChoiceField(queryset=None, empty_label=None)
    iterations = Iterations()
    changes = forms.CharField(
        required=False, max_length=5000, widget=forms.Textarea(attrs={"rows": 5, "placeholder": "optimizer.lr = 1e-4"})
    )

    def __init__(self, *args, user: User, checkpoint: Checkpoint, **kwargs):
        source = checkpoint.run
        more = source.total_iterations if source.total_iterations > checkpoint.iteration else 2 * checkpoint.iteration
        initial = {
            "name": f"{source.name} from {checkpoint.iteration}"[-120:],
            "experiment": source.experiment_id,
            "iterations": more,
        }
        super().__init__(*args, initial=initial, **kwargs)
        self._source = source
        # A checkpoint stays in its team.
        team = source.experiment.team_id
        self.fields["experiment"].queryset = visible_experiments(user).filter(team_id=team).order_by("name")

    def clean_changes(self) -> dict:
        """The configuration with what is different."""
        lines = [line.strip() for line in self.cleaned_data["changes"].splitlines() if line.strip()]
        if len(lines) > MAX_CHANGES:
            raise ValidationError(f"{len(lines)} lines: give at most {MAX_CHANGES}.")
        return _changed(self._source, lines)

    @property
    def config(self) -> dict:
        """What the new run is to have."""
        return self.cleaned_data["changes"] | {"iterations": self.cleaned_data["iterations"]}


def _changed(run: Run, lines: list[str]) -> dict:
    fields = run.config
    for line in lines:
        path, equals, value = (part.strip() for part in line.partition("="))
        if not equals or not path:
            raise ValidationError(f"{line}: write it as a.b=c.")
        if _has_alias(value):
            raise ValidationError(f"{line}: write out what the alias stands for.")
        try:
            fields = apply_overrides(fields, [f"{path}={value}"])
        except ValueError as error:
            raise ValidationError(str(error).removeprefix("--set ")) from error
        except RecursionError as error:
            raise ValidationError(f"{line[:40]}…: it is nested too deeply.") from error
    return fields


def _has_alias(text: str) -> bool:
    """Of a few of them, one in the other, gigabytes can be made."""
    try:
        return any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text))
    except (yaml.YAMLError, RecursionError):
        return False
