"""People and runs for the tests of the site."""

import pytest
from django.test import Client

from tests.platform import lab as laboratory


@pytest.fixture
def lab(db, settings, tmp_path) -> laboratory.Lab:
    """A team with an owner, a member and a viewer, and a stranger; files go to a folder of the test's own."""
    settings.MEDIA_ROOT = tmp_path / "files"
    # The real one takes its time on purpose.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return laboratory.make_lab()


@pytest.fixture
def as_person():
    """A browser in which this person has signed in, or with None nobody."""

    def sign_in(user) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def member(lab, as_person) -> Client:
    return as_person(lab.member)
