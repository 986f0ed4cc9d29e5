"""`manage.py remove_second_factor`: for somebody who has lost both phone and recovery codes."""

from allauth.mfa.models import Authenticator
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from teams import audit
from teams.models import User


class Command(BaseCommand):
    help = "Lets a person sign in by password alone again."

    def add_arguments(self, parser) -> None:
        parser.add_argument("email", help="the person's e-mail address")

    @transaction.atomic
    def handle(self, *, email: str, **options) -> None:
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise CommandError(f"There is no account of {email}: look at the address again.")
        if not Authenticator.objects.filter(user=user).delete()[0]:
            raise CommandError(f"{user.email} has no second factor.")
        audit.record_in_all_teams(user, "lost", "the second factor", "removed by the operator")
        self.stdout.write(f"{user.email} signs in by password alone now.")
