"""`manage.py backup TARGET`: database, files and signing key into the new folder TARGET, while everything runs."""

import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.storage import FilesAway
from stack.errors import StackError
from stack.standing_in import run_again_with_database


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("target", type=Path, help="A folder that is not there yet.")

    def handle(self, *args, target: Path, **options) -> None:
        try:
            if not settings.DATABASE_URL:
                sys.exit(run_again_with_database(Path(settings.ROOT), Path(settings.DATA_DIR)))
            from stack.backup import make_backup
            from stack.backup_console import progress

            with progress() as (say, told):
                manifest = make_backup(target.resolve(), say, told)
        except (StackError, FilesAway, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"{target} holds the database, {manifest.num_files} files and the signing key: keep it where nobody else "
            "reads it."
        )
