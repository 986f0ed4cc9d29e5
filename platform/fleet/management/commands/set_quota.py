"""`manage.py set_quota TEAM GPUS`: how many GPUs a team may hold at a time."""

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from fleet.services import set_quota
from teams.models import Team


class Command(BaseCommand):
    help = "Says how many GPUs a team may hold at a time; `none` lets it hold all."

    def add_arguments(self, parser) -> None:
        parser.add_argument("team", help="the team's short name, as in `manage.py set_quota lab 4`")
        parser.add_argument("gpus", help="a number, or `none`")

    def handle(self, *, team: str, gpus: str, **options) -> None:
        found = Team.objects.filter(slug=team).first()
        if found is None:
            known = ", ".join(Team.objects.order_by("slug").values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no team {team}. Teams: {known}.")
        if gpus != "none" and not gpus.isdecimal():
            raise CommandError(f"{gpus} is no number of GPUs: give one, or `none`.")
        try:
            set_quota(None, found, None if gpus == "none" else int(gpus))
        except ValidationError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{found} may hold {'all' if gpus == 'none' else gpus} GPUs at a time.")
