"""What is encrypted with the site's key: readable with it, for its purpose, and with the keys before it."""

import base64
import hashlib

import pytest
from cryptography.fernet import Fernet

from core.encryption import Unreadable, decrypt, encrypt


def test_what_was_encrypted_is_read_again():
    sealed = encrypt("a secret, größer", "test")
    assert "secret" not in sealed and decrypt(sealed, "test") == "a secret, größer"
    assert encrypt("a secret, größer", "test") != sealed


def test_each_purpose_has_a_key_of_its_own():
    with pytest.raises(Unreadable, match="This other was encrypted with another SECRET_KEY"):
        decrypt(encrypt("a secret", "test"), "other")


def test_a_new_key_reads_what_an_old_one_wrote_while_that_is_listed(settings):
    sealed = encrypt("a secret", "test")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", [settings.SECRET_KEY]
    assert decrypt(sealed, "test") == "a secret"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(Unreadable):
        decrypt(sealed, "test")


def test_second_factors_of_before_are_still_read(settings):
    """Their key was made in the same way before other secrets were encrypted."""

    key = hashlib.sha256(b"flowdppo second factor:" + settings.SECRET_KEY.encode()).digest()
    sealed = Fernet(base64.urlsafe_b64encode(key)).encrypt(b"a secret").decode()
    assert decrypt(sealed, "second factor") == "a secret"
