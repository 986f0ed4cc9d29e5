"""How a webhook's receiver knows that a body is ours: the scheme of Standard Webhooks (standardwebhooks.com)."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
NUM_BYTES = 32


def make_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(NUM_BYTES)).decode()


def headers(secret: str, event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """HMAC-SHA256 of `event_id.timestamp.body` with the secret's bytes."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    digest = hmac.new(key, f"{event_id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
