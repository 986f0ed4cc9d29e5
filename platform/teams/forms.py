"""The forms of teams, invitations and API tokens."""

from django import forms

from teams.invitations import ROLES
from teams.models import ApiToken, Role, Scope, Team

DAYS = [(1, "1 day"), (7, "7 days"), (30, "30 days")]
TOKEN_DAYS = [(7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year")]
USES = [(1, "one person"), (5, "5 people"), (20, "20 people")]


def _number_of(choices: list[tuple[int, str]], initial: int) -> forms.TypedChoiceField:
    return forms.TypedChoiceField(choices=choices, coerce=int, initial=initial)


class TeamForm(forms.ModelForm):
    class Meta:
        model = Team
        fields = ["name"]
        widgets = {"name": forms.TextInput(attrs={"autofocus": True, "placeholder": "Image models"})}
        error_messages = {"name": {"required": "Empty: give the team a name."}}


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices)


class InvitationForm(forms.Form):
    """Who may join by the link, as what, and for how long."""

    role = forms.ChoiceField(choices=[(role.value, role.label) for role in ROLES])
    max_uses = _number_of(USES, 1)
    num_days = _number_of(DAYS, 7)


class InvitationCodeForm(forms.Form):
    """What a person got: the link, or the code in it."""

    code = forms.CharField(max_length=300, error_messages={"required": "Empty: paste the link that you were sent."})

    def clean_code(self) -> str:
        return self.cleaned_data["code"].rpartition("#")[2]


class TokenForm(forms.ModelForm):
    num_days = _number_of(TOKEN_DAYS, 90)

    class Meta:
        model = ApiToken
        fields = ["name", "scope"]
        widgets = {"name": forms.TextInput(attrs={"placeholder": "My laptop"})}
        error_messages = {"name": {"required": "Empty: say where the token is going to be used."}}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["scope"].choices = Scope.choices
