"""Servers on this machine that take messages."""

from tests.platform.alerts.conftest import mail_server, receiver

__all__ = ["mail_server", "receiver"]
