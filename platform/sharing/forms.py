"""What comes in about share links."""

from django import forms

DAYS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year"))
USUAL_DAYS = 30


class ShareForm(forms.Form):
    num_days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=USUAL_DAYS)
