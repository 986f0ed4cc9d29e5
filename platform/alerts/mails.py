"""A message as mail, by the server that the operator has set up."""

import smtplib
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from alerts.webhooks import NotDelivered


@dataclass(frozen=True)
class Mail:
    to: str

    def send(self, event_id: str, title: str, body: str) -> None:
        """Mail programs show what came twice once: it has the same id. Raises NotDelivered."""
        if not settings.HAS_MAIL:
            raise NotDelivered("This site sends no mail any more: its operator has taken EMAIL_URL away")
        host = urlsplit(settings.SITE_URL).hostname or "localhost"
        headers = {"Message-ID": f"<{event_id}@{host}>", "Auto-Submitted": "auto-generated"}
        try:
            EmailMessage(" ".join(title.split()), body, to=[self.to], headers=headers).send()
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(_words(error)) from error


def _words(error: Exception) -> str:
    """Without what the server said: that is for its operator, and may name others."""
    code = getattr(error, "smtp_code", None)
    return f"The mail server did not take it: {type(error).__name__}{f' {code}' if code else ''}"
