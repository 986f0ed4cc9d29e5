"""Secrets that must be read again: encrypted with the site's signing key, so the tables alone give nothing away."""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class Unreadable(Exception):
    """It was encrypted with a signing key that this site no longer has, or it was changed."""


def encrypt(text: str, purpose: str) -> str:
    """`purpose` ("second factor") makes a key of its own: what is encrypted for one is of no use for another."""
    return _cipher(purpose).encrypt(text.encode()).decode()


def decrypt(encrypted: str, purpose: str) -> str:
    """Raises Unreadable."""
    try:
        return _cipher(purpose).decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise Unreadable(f"This {purpose} was encrypted with another SECRET_KEY.") from None


def _cipher(purpose: str) -> MultiFernet:
    """Encrypts with the signing key, decrypts with those before it too."""
    return MultiFernet([Fernet(_key(key, purpose)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(signing_key: str, purpose: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(f"flowdppo {purpose}:{signing_key}".encode()).digest())
