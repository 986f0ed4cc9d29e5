"""The forms of rules and channels."""

from django import forms

from alerts.active_rules import ActiveRule
from alerts.apprise_services import LONGEST
from alerts.models import TEAM_CHANNELS, TEAM_EVENTS, Channel, EventKind
from alerts.rules.reading import Option
from alerts.services import check_option
from teams.models import Team

EVENTS = [(kind.value, kind.label) for kind in TEAM_EVENTS]
DEFAULT_EVENTS = [EventKind.FAILED, EventKind.ALERT]


class RuleForm(forms.Form):
    """One rule of an experiment: on or off, its numbers, and what to do."""

    is_on = forms.BooleanField(required=False)
    pauses = forms.BooleanField(required=False)

    def __init__(self, rule: ActiveRule, data=None):
        initial = {"is_on": rule.is_on, "pauses": rule.pauses, **rule.options}
        super().__init__(data, initial=initial, prefix=rule.kind)
        self.rule = rule
        for option in rule.definition.options:
            self.fields[option.name] = OptionField(option)

    @property
    def rows(self) -> list[tuple[Option, forms.BoundField]]:
        return [(option, self[option.name]) for option in self.rule.definition.options]

    @property
    def options(self) -> dict:
        return {option.name: self.cleaned_data[option.name] for option in self.rule.definition.options}


class OptionField(forms.Field):
    def __init__(self, option: Option):
        self._option = option
        super().__init__(required=False, widget=self._widget(option))

    def clean(self, value):
        try:
            return check_option(self._option, value)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def prepare_value(self, value):
        return f"{value:g}" if isinstance(value, float) else value

    @staticmethod
    def _widget(option: Option) -> forms.Widget:
        if option.choices:
            return forms.Select(choices=option.choices)
        return forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})


class EventsField(forms.MultipleChoiceField):
    def __init__(self):
        super().__init__(
            choices=EVENTS,
            widget=forms.CheckboxSelectMultiple,
            initial=DEFAULT_EVENTS,
            error_messages={"required": "Nothing is ticked: say what to send."},
        )


class AddressField(forms.CharField):
    def __init__(self):
        super().__init__(
            max_length=LONGEST,
            widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            error_messages={"required": "Empty: give the address."},
        )


class OwnAddressForm(forms.Form):
    """Where a person's own messages go."""

    address = AddressField()


class ChannelForm(forms.ModelForm):
    """A new channel of a team."""

    kind = forms.ChoiceField(choices=[(kind.value, kind.label) for kind in TEAM_CHANNELS])
    address = AddressField()
    events = EventsField()

    class Meta:
        model = Channel
        fields = ["name"]
        widgets = {"name": forms.TextInput(attrs={"placeholder": "Alerts in Slack"})}
        error_messages = {"name": {"required": "Empty: give the channel a name."}}

    def __init__(self, team: Team, data=None, **kwargs):
        super().__init__(data, **kwargs)
        self._team = team

    def clean_name(self) -> str:
        return free_name(self._team, self.cleaned_data["name"], self.instance.pk)


class ChannelChangeForm(forms.ModelForm):
    events = EventsField()

    class Meta:
        model = Channel
        fields = ["name", "events", "is_on"]

    def clean_name(self) -> str:
        return free_name(self.instance.team, self.cleaned_data["name"], self.instance.pk)


def free_name(team: Team, name: str, own: int | None) -> str:
    if Channel.objects.filter(team=team, name=name).exclude(id=own).exists():
        raise forms.ValidationError(f"{name}: the team has a channel of this name, so give another one.")
    return name
