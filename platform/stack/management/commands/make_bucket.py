"""`manage.py make_bucket`: the bucket of FILES_URL, where it is not there yet."""

from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError

from core.storage import FilesAway


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        if default_storage.is_folder:
            self.stdout.write("Files are kept in a folder: there is no bucket to make.")
            return
        try:
            made = default_storage.make_bucket()
        except FilesAway as error:
            raise CommandError(f"The bucket {default_storage.bucket_name} cannot be made: {error}") from error
        self.stdout.write(f"The bucket {default_storage.bucket_name} {'was made' if made else 'is there'}.")
