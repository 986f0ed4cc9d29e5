"""Runs that are watched."""

from collections.abc import Iterator

import pytest

from runs.models import Run
from tests.platform.alerts.mail_server import MailServer
from tests.platform.alerts.receiver import Receiver
from tests.platform.alerts.watched_run import WatchedRun


@pytest.fixture
def watched(lab) -> WatchedRun:
    """The only run there is."""
    Run.objects.all().delete()
    return WatchedRun(lab.experiment)


@pytest.fixture
def receiver(settings) -> Iterator[Receiver]:
    """A server on this machine, which the operator lists."""
    settings.MESSAGE_HOSTS = "127.0.0.1:*"
    with Receiver() as server:
        yield server


@pytest.fixture
def mail_server(settings) -> Iterator[MailServer]:
    """By which the site sends mail."""
    settings.HAS_MAIL = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with MailServer() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        yield server
