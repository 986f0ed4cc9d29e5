"""The forms of experiments and runs; the configuration of a run has its own in `config_form`."""

from django import forms
from django.core.exceptions import ValidationError

from flowdppo_engine.recipes import recipes_by_family
from runs.models import Experiment
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
    """What a new run is called and which recipe it starts from."""

    name = forms.CharField(max_length=120, required=False)
    recipe = forms.ChoiceField(error_messages={"invalid_choice": "There is no recipe “%(value)s”: choose one below."})

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["recipe"].choices = [
            (family, [(recipe.name, recipe) for recipe in some]) for family, some in recipes_by_family().items()
        ]
