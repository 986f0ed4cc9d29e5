"""`manage.py check_worker`: whether the worker of this machine lives; for a container's health check."""

from django.core.management.base import BaseCommand, CommandError

from fleet.models import SILENT_AFTER, Node
from worker import node


class Command(BaseCommand):
    help = __doc__
    requires_system_checks = []

    def handle(self, *args, **options) -> None:
        found = Node.objects.filter(name=node.name()).first()
        if found is None or found.silence > SILENT_AFTER:
            raise CommandError(f"The worker of {node.name()} has not been heard of for a minute.")
        self.stdout.write(f"{found.name} was heard of {found.silence:.0f} seconds ago.")
