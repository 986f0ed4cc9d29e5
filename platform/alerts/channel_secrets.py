"""What a channel keeps encrypted: a webhook's address and signing secret, a message's address and server."""

import json

from alerts.messages import Message
from alerts.models import Channel
from alerts.webhooks import Webhook
from core import encryption

ADDRESS = "channel address"
SECRET = "webhook secret"


def seal_webhook(channel: Channel, url: str) -> None:
    channel.address = encryption.encrypt(url, ADDRESS)


def seal_secret(channel: Channel, secret: str) -> None:
    channel.secret = encryption.encrypt(secret, SECRET)


def seal_message(channel: Channel, message: Message) -> None:
    channel.address = encryption.encrypt(json.dumps({"url": message.url, "server": message.server}), ADDRESS)


def read_webhook(channel: Channel) -> Webhook:
    """Raises core.encryption.Unreadable."""
    return Webhook(encryption.decrypt(channel.address, ADDRESS), encryption.decrypt(channel.secret, SECRET))


def read_message(channel: Channel) -> Message:
    """Raises core.encryption.Unreadable."""
    return Message(shown=channel.shown_address, **json.loads(encryption.decrypt(channel.address, ADDRESS)))
