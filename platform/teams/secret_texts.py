"""Random texts that open something: shown once, kept as a hash."""

import hashlib
import secrets

NUM_BYTES = 32


def make(prefix: str) -> str:
    """A text of 256 random bits; the prefix tells people, and scanners for leaked secrets, what it is."""
    return f"{prefix}{secrets.token_urlsafe(NUM_BYTES)}"


def digest_of(text: str) -> str:
    """What is stored. Nobody guesses 256 random bits, so the hash need not be slow, and can be looked up."""
    return hashlib.sha256(text.encode()).hexdigest()
