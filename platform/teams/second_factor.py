"""Second factors: their secrets must be read again, so they are encrypted rather than hashed."""

from allauth.mfa.adapter import DefaultMFAAdapter

from core import encryption

PURPOSE = "second factor"


class EncryptedSecrets(DefaultMFAAdapter):
    """Who reads the tables without the site's signing key learns no secret."""

    def encrypt(self, text: str) -> str:
        return encryption.encrypt(text, PURPOSE)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt(encrypted_text, PURPOSE)
