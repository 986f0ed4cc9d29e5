"""The forms of experiments and runs; the configuration of a run has its own in `config_form`."""

from django import forms
from django.core.exceptions import ValidationError

from fleet.targets import MOST_GPUS
from flowdppo_engine.recipes import recipes_by_family
from jobs.trying import TryFirst
from runs.models import Experiment, Priority
from teams.models import Team, User
from teams.selectors import teams_written_by


class ExperimentForm(forms.ModelForm):
    """A new experiment, in one of the teams that the person may write to."""

    class Meta:
        model = Experiment
        fields = ["team", "name", "description"]
        widgets = {
            "name": forms.TextInput(attrs={"autofocus": True, "placeholder": "Trust regions on SD3.5-M"}),
            "description": forms.Textarea(attrs={"rows": 3, "placeholder": "What you want to find out (optional)"}),
        }
        error_messages = {"name": {"required": "Empty: give the experiment a name."}}

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        teams = teams_written_by(user)
        self.fields["team"] = forms.ModelChoiceField(teams, empty_label=None, initial=teams.first())

    def clean(self):
        team: Team | None = self.cleaned_data.get("team")
        name = self.cleaned_data.get("name")
        if team and name and Experiment.objects.filter(team=team, name=name).exists():
            raise ValidationError({"name": f"“{name}” exists already in {team}: give another name."})
        return self.cleaned_data


class RunForm(forms.Form):
    """What a new run is called, which recipe it starts from, and how it waits for its GPUs.

    `axes` and `seeds` describe a sweep, which has an address of its own (`sweeps`).
    """

    name = forms.CharField(max_length=120, required=False)
    recipe = forms.ChoiceField(error_messages={"invalid_choice": "There is no recipe “%(value)s”: choose one below."})
    priority = forms.TypedChoiceField(
        choices=[(priority.value, priority.label) for priority in reversed(Priority)],
        coerce=int,
        required=False,
        empty_value=Priority.NORMAL.value,
        error_messages={"invalid_choice": "“%(value)s” is no priority: choose one of the list."},
    )
    num_gpus = forms.IntegerField(
        label="GPUs",
        min_value=1,
        max_value=MOST_GPUS,
        required=False,
        error_messages={
            name: f"It does not fit: give a whole number from 1 to {MOST_GPUS}."
            for name in ("invalid", "min_value", "max_value")
        },
    )
    try_first = forms.ChoiceField(
        choices=TryFirst.choices,
        required=False,
        error_messages={"invalid_choice": "“%(value)s” is no answer: choose one of the list."},
    )
    axes = forms.CharField(required=False)
    seeds = forms.CharField(required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["recipe"].choices = [
            (family, [(recipe.name, recipe) for recipe in some]) for family, some in recipes_by_family().items()
        ]

    def knows(self, recipe: str) -> bool:
        return self.fields["recipe"].valid_value(recipe)

    def clean_num_gpus(self) -> int:
        return self.cleaned_data["num_gpus"] or 1

    def clean_try_first(self) -> str:
        return self.cleaned_data["try_first"] or TryFirst.IF_LONG

    def is_single(self) -> bool:
        """Whether it is a good form of one run: that of a sweep is not to become a single run by a slip."""
        if self.is_valid() and (self.cleaned_data["axes"] or self.cleaned_data["seeds"]):
            self.add_error("axes", "This describes a sweep: press “Review the sweep”, or empty it to submit one run.")
        return self.is_valid()
