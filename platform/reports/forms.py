"""What comes in about reports."""

from django import forms

from reports.models import Report
from teams.models import Team, User
from teams.selectors import teams_written_by

LONGEST_BODY = 100_000


class ReportForm(forms.Form):
    title = forms.CharField(max_length=Report._meta.get_field("title").max_length)
    body = forms.CharField(
        required=False,
        strip=False,
        max_length=LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 24, "spellcheck": "true", "class": "report-body"}),
    )

    def clean_body(self) -> str:
        # Browsers send both characters at the end of a line.
        return self.cleaned_data["body"].replace("\r\n", "\n")


class NewReportForm(ReportForm):
    team = forms.ModelChoiceField(Team.objects.none(), empty_label=None)

    def __init__(self, *args, user: User, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["team"].queryset = teams_written_by(user)


class ReportEditForm(ReportForm):
    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
