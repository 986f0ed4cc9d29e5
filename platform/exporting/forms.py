"""How a checkpoint goes out."""

from collections.abc import Mapping, Sequence

from django import forms

from exporting.hub_names import read_repository, read_token
from exporting.licences import FREE, Licence, licence_of, read_licence
from exporting.models import Push
from exporting.services import Wish


class LicenceForm(forms.Form):
    """Starts with the base model's licence, where it is known."""

    licence = forms.ChoiceField(error_messages={"required": "Nothing is chosen: say under which licence it goes out."})
    licence_name = forms.CharField(required=False)
    licence_link = forms.CharField(required=False)

    def __init__(self, data: Mapping | None, source: str):
        self._source = source
        own = licence_of(source)
        choices = [("base", f"the base model's: {own.title}")] if own else [("", "choose one")]
        super().__init__(data)
        self.fields["licence"].choices = [*choices, *((id, id) for id in FREE), ("other", "another one")]

    def clean(self) -> dict:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        try:
            cleaned["chosen"] = read_licence(
                self._source, cleaned["licence"], cleaned["licence_name"], cleaned["licence_link"]
            )
        except ValueError as error:
            self.add_error("licence", str(error))
        return cleaned

    @property
    def chosen(self) -> Licence:
        return self.cleaned_data["chosen"]


def where_to(pushes: Sequence[Push]) -> dict[str, str]:
    """Where the last one went, or was to go."""
    last = next(iter(pushes), None)
    return {"repository": last.repository, "seen_by": "private" if last.is_private else "public"} if last else {}


def first_choice(source: str) -> dict[str, str] | None:
    """What is chosen before anybody has; without it the form only asks."""
    return {"licence": "base"} if licence_of(source) else None


class PushForm(forms.Form):
    """Where on the Hub it goes. The token is asked for anew each time, and never sent back."""

    repository = forms.CharField(error_messages={"required": "Nothing is given: say NAME/REPOSITORY."})
    seen_by = forms.ChoiceField(choices=[("private", "private"), ("public", "public")], initial="private")
    token = forms.CharField(
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false", "required": True}),
        error_messages={"required": "Nothing is given: make a token that may write, in your settings on the Hub."},
    )

    repository.widget.attrs |= {"placeholder": "name/repository", "autocomplete": "off", "spellcheck": "false"}

    def clean_repository(self) -> str:
        return self._read(read_repository, "repository")

    def clean_token(self) -> str:
        return self._read(read_token, "token")

    def wish(self, licence: Licence) -> Wish:
        """Of a form that is valid."""
        given = self.cleaned_data
        return Wish(given["repository"], given["seen_by"] == "private", licence, given["token"])

    def _read(self, read, name: str) -> str:
        try:
            return read(self.cleaned_data[name])
        except ValueError as error:
            raise forms.ValidationError(str(error)) from None
