"""What an item is called and whose it is; what it holds has its editor in `drafts`."""

from django import forms

from catalog.models import Item, Version
from teams.models import User
from teams.selectors import teams_written_by

NO_NAME = "Empty: give it a name."


class VersionForm(forms.Form):
    """Why there is a new version."""

    note = forms.CharField(
        max_length=Version._meta.get_field("note").max_length,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "What changed, and why (optional)"}),
    )


class ItemForm(VersionForm):
    """A new item, in one of the teams that the person may write to."""

    name = forms.CharField(
        max_length=Item._meta.get_field("name").max_length,
        error_messages={"required": NO_NAME},
        widget=forms.TextInput(attrs={"autofocus": True}),
    )

    field_order = ["name", "team", "note"]

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        teams = teams_written_by(user)
        self.fields["team"] = forms.ModelChoiceField(teams, empty_label=None, initial=teams.first())
        self.order_fields(self.field_order)
