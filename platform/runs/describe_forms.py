"""Forms for what a person says of a run or of an experiment."""

from django import forms
from django.core.exceptions import ValidationError

from runs.models import Experiment
from runs.upkeep import LONGEST_NOTES, Description, parse_tags

NAME_MISSING = "Empty: give it a name."
MARKDOWN = "In Markdown: **bold**, lists, links, tables. Pictures are not shown."


class DescribeForm(forms.Form):
    name = forms.CharField(max_length=120, error_messages={"required": NAME_MISSING})
    tags = forms.CharField(required=False, max_length=1000, help_text="With commas between: keep, paper, baseline.")
    notes = forms.CharField(
        required=False,
        max_length=LONGEST_NOTES,
        widget=forms.Textarea(attrs={"rows": 12}),
        help_text=MARKDOWN,
    )

    def clean_tags(self) -> list[str]:
        return parse_tags(self.cleaned_data["tags"])

    @property
    def said(self) -> Description:
        return Description(*(self.cleaned_data[name] for name in ("name", "notes", "tags")))


class DescribeExperimentForm(DescribeForm):
    """The experiment's name stays the only one of its kind in the team."""

    description = forms.CharField(
        required=False, widget=forms.Textarea(attrs={"rows": 3}), help_text="What you want to find out."
    )

    field_order = ("name", "description", "tags", "notes")

    def __init__(self, *args, experiment: Experiment, **kwargs):
        super().__init__(*args, **kwargs)
        self._experiment = experiment

    def clean_name(self) -> str:
        name, team = self.cleaned_data["name"], self._experiment.team
        if Experiment.objects.filter(team=team, name=name).exclude(id=self._experiment.id).exists():
            raise ValidationError(f"“{name}” exists already in {team}: give another name.")
        return name


def values_of(thing) -> dict:
    """What the form of a run or of an experiment starts with."""
    values = {"name": thing.name, "notes": thing.notes, "tags": ", ".join(thing.tags)}
    return values | ({"description": thing.description} if isinstance(thing, Experiment) else {})
