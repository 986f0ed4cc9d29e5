"""`manage.py prepare_site`: bring the tables up to date, and on the very first start seed a demo team."""

from django.core.management import call_command
from django.core.management.base import BaseCommand

from stack.seed import seed_if_empty


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        sign_in = seed_if_empty()
        if sign_in:
            self.stdout.write(
                "\n  A demo team was made, and a first run was queued. Sign in with\n\n"
                f"      e-mail    {sign_in.email}\n"
                f"      password  {sign_in.password}\n\n"
                "  This password is shown only this once; write it down.\n"
            )
