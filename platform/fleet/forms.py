"""What operators fill in."""

from django import forms

from fleet.services import MOST_IN_A_QUOTA


class QuotaForm(forms.Form):
    max_gpus = forms.IntegerField(min_value=0, max_value=MOST_IN_A_QUOTA, required=False)
