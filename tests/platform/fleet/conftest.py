"""A person who looks after the nodes."""

import pytest
from django.test import Client

from teams.models import User


@pytest.fixture
def operator(lab) -> User:
    lab.member.is_staff = True
    lab.member.save()
    return lab.member


@pytest.fixture
def operators_browser(operator, as_person) -> Client:
    return as_person(operator)
