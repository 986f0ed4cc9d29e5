"""Share links for tests: ones that hold, and ones that do not."""

from datetime import timedelta

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from comparing.looking import parse_looking
from comparing.models import Comparison
from comparing.services import save_comparison
from runs.models import Run
from sharing import services
from sharing.services import MadeLink
from tests.platform.lab import Lab


def make_link(lab: Lab, subject) -> MadeLink:
    return services.share(lab.member, subject, 30)


def add_comparison(lab: Lab, run: Run, **how) -> Comparison:
    """The run's pictures, which are several, side by side; `how` as in an address."""
    refs = ",".join(f"s{sample.id}" for sample in run.samples.order_by("id"))
    return save_comparison(lab.member, "Side by side", "Look at the edges.", parse_looking({"items": refs} | how))


def expire(made: MadeLink) -> MadeLink:
    made.link.expires_at = timezone.now() - timedelta(seconds=1)
    made.link.save()
    return made


def visit(made: MadeLink, name: str = "share", *args, **query):
    """What somebody without an account and without cookies gets."""
    return Client().get(reverse(name, args=[made.text, *args]), query)
