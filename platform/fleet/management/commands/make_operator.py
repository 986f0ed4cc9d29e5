"""`manage.py make_operator person@example.org`: who may drain nodes, let machines join and set quotas."""

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from teams import audit
from teams.models import User


class Command(BaseCommand):
    help = "Makes an account an operator of the installation, or with --undo an ordinary one again."

    def add_arguments(self, parser) -> None:
        parser.add_argument("email", help="the person's e-mail address")
        parser.add_argument("--undo", action="store_true")

    @transaction.atomic
    def handle(self, *, email: str, undo: bool, **options) -> None:
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise CommandError(f"There is no account of {email}: look at the address again.")
        user.is_staff = not undo
        user.save(update_fields=["is_staff"])
        word = "no operator any more" if undo else "an operator"
        audit.record_in_all_teams(user, "became", word, "by the operator of the installation")
        self.stdout.write(f"{user.email} is {word}.")
