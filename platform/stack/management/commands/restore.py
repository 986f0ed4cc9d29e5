"""`manage.py restore SOURCE`: makes this empty installation what the backup SOURCE holds.

With --replace an installation that is not empty loses what it has. The web and worker processes must be down.
"""

import sys
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.storage import FilesAway
from stack.errors import StackError
from stack.standing_in import run_again_with_database

WORD = "replace"


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("source", type=Path, help="A folder that `manage.py backup` made.")
        parser.add_argument("--replace", action="store_true", help="Delete what this installation has.")
        parser.add_argument("--no-input", action="store_true", help="Do not ask before something is deleted.")

    def handle(self, *args, source: Path, replace: bool, no_input: bool, **options) -> None:
        try:
            if not settings.DATABASE_URL:
                sys.exit(run_again_with_database(Path(settings.ROOT), Path(settings.DATA_DIR)))
            from stack.backup_console import progress
            from stack.backup_folder import read_manifest
            from stack.restore import restore_backup

            made_at = read_manifest(source).made_at
            if replace and not no_input:
                self._confirm(made_at)
            with progress() as (say, told):
                manifest = restore_backup(source.resolve(), replace, say, told)
        except (StackError, FilesAway, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"This installation is now as it was at {manifest.made_at}: start it.")

    def _confirm(self, made_at: str) -> None:
        answer = input(
            f"All users, runs and files of this installation will be deleted, and replaced by those of {made_at}.\n"
            f"Type {WORD} to go on: "
        )
        if answer.strip() != WORD:
            raise CommandError("Nothing was changed.")
