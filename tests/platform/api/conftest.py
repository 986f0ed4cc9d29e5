"""The API as a program asks it."""

from collections.abc import Callable

import pytest
from django.test import Client

from teams.api_tokens import make_token
from teams.models import Scope, User

API = "/api/v1"


@pytest.fixture
def as_program() -> Callable[..., Client]:
    """A client that sends this person's token; without a person, none."""

    def sign_in(user: User | None, scope: Scope = Scope.WRITE) -> Client:
        if user is None:
            return Client(enforce_csrf_checks=True)
        text = make_token(user, "tests", scope, num_days=1).text
        return Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {text}"})

    return sign_in


@pytest.fixture
def program(lab, as_program) -> Client:
    """The member's."""
    return as_program(lab.member)


@pytest.fixture
def post(program) -> Callable:
    """Sends JSON as the member's program."""

    def send(path: str, body: dict, **headers: str):
        return program.post(API + path, body, content_type="application/json", headers=headers)

    return send
