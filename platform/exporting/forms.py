"""How a checkpoint goes out."""

from collections.abc import Mapping

from django import forms

from exporting.licences import FREE, Licence, licence_of, read_licence


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


def first_choice(source: str) -> dict[str, str] | None:
    """What is chosen before anybody has; without it the form only asks."""
    return {"licence": "base"} if licence_of(source) else None
