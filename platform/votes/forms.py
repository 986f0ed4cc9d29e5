"""The form that starts a vote. Its address says what is chosen in it, so that links can start one."""

from collections.abc import Iterable

from django import forms
from django.core.exceptions import ValidationError

from catalog.prompt_files import name_of
from pictures.policies import Policy, PolicyRef, find_policies, parse_policy
from sweeps.axes import AxesInvalid, parse_seeds
from teams.models import Team, User
from teams.selectors import may_write
from votes.drawn import ANY, SAMPLES, Drawn, prompt_sets_of, read_drawn
from votes.pairing import Comparison, comparisons_of, num_taken

FEWEST, MOST_POLICIES = 2, 8
DEFAULT_PAIRS, MOST_PAIRS = 60, 2000
MOST_SAID = f"It does not fit: give a whole number from 1 to {MOST_PAIRS}."


class VoteForm(forms.Form):
    """`policies` are given by the view, which has them from ticked boxes or from a link."""

    name = forms.CharField(max_length=120, error_messages={"required": "Empty: give the vote a name."})
    prompts = forms.ChoiceField(
        required=False, error_messages={"invalid_choice": "“%(value)s” is none of their prompt sets: choose another."}
    )
    seeds = forms.CharField(
        required=False, max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "all"})
    )
    most = forms.IntegerField(
        min_value=1,
        max_value=MOST_PAIRS,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "class": "short", "autocomplete": "off"}),
        error_messages={key: MOST_SAID for key in ("invalid", "min_value", "max_value", "required")},
    )

    def __init__(self, data, *, user: User, texts: Iterable[str]):
        super().__init__(data)
        self._user = user
        self.problem = ""
        self.policies = self._find(list(texts))
        self.drawn: Drawn = {}
        self.fields["prompts"].choices = [
            (ANY, "Every picture that they have in common"),
            (SAMPLES, "The samples that their runs drew"),
            *((name, f"Drawn for {name_of(name)}") for name in prompt_sets_of(user, self.policies)),
        ]

    @property
    def team(self) -> Team:
        return self.policies[0].run.experiment.team

    @property
    def refs(self) -> list[PolicyRef]:
        return [policy.ref for policy in self.policies]

    def clean_seeds(self) -> tuple[int, ...]:
        text = self.cleaned_data["seeds"]
        try:
            return parse_seeds(text, default=0) if text.strip() else ()
        except AxesInvalid as invalid:
            raise ValidationError(invalid.messages) from invalid

    def clean(self):
        if self.problem:
            raise ValidationError(self.problem)
        if {"prompts", "seeds"} <= self.cleaned_data.keys():
            self.drawn = read_drawn(
                self._user, self.policies, self.cleaned_data["prompts"], self.cleaned_data["seeds"]
            )
            if not num_taken(comparisons_of(self.drawn), 1):
                raise ValidationError(
                    "No two of these policies have a picture of the same prompt and seed: choose others, or have them "
                    "drawn by an evaluation."
                )
        return self.cleaned_data

    def _find(self, texts: list[str]) -> list[Policy]:
        """What can be found of the policies; `problem` says what is wrong with them together."""
        try:
            refs = list(dict.fromkeys(map(parse_policy, texts[: 2 * MOST_POLICIES])))
        except ValueError as error:
            self.problem = str(error)
            return []
        found = list(find_policies(self._user, refs).values())
        teams = {policy.run.experiment.team_id for policy in found}
        if len(found) < len(refs):
            self.problem = "One of these policies is not there: its run is gone, or another team's."
        elif len(teams) > 1:
            self.problem = "These policies are of more than one team: choose those of one."
        elif not FEWEST <= len(found) <= MOST_POLICIES:
            self.problem = f"{len(found)} chosen: a vote is between {FEWEST} to {MOST_POLICIES} policies."
        elif not may_write(self._user, teams.pop()):
            self.problem = "Viewers cannot start votes: ask an owner of the team to make you a member."
        return found


def plan_of(form: VoteForm) -> tuple[list[Comparison], int]:
    """Which comparisons the chosen policies make, and how many pairs would be taken; none where something is wrong."""
    form.is_valid()
    comparisons = comparisons_of(form.drawn)
    return comparisons, num_taken(comparisons, form.cleaned_data.get("most", DEFAULT_PAIRS))
