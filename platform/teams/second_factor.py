"""Second factors: their secrets must be read again, so they are encrypted rather than hashed."""

import base64
import hashlib

from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


class EncryptedSecrets(DefaultMFAAdapter):
    """Who reads the tables without the site's signing key learns no secret."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> MultiFernet:
    """Encrypts with the signing key, decrypts with those before it too."""
    return MultiFernet([Fernet(_key_from(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key_from(signing_key: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(b"flowdppo second factor:" + signing_key.encode()).digest())
