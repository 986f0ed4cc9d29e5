"""Share links for tests: ones that hold, and ones that do not."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from sharing import services
from sharing.services import MadeLink
from tests.platform.lab import Lab


def make_link(lab: Lab, subject) -> MadeLink:
    return services.share(lab.member, subject, 30)


def expire(made: MadeLink) -> MadeLink:
    made.link.expires_at = timezone.now() - timedelta(seconds=1)
    made.link.save()
    return made


def visit(made: MadeLink, name: str = "share", *args, **query):
    """What somebody without an account and without cookies gets."""
    return Client().get(reverse(name, args=[made.text, *args]), query)
