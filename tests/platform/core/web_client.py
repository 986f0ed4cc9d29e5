"""The web process as uvicorn runs it, asked over HTTP."""

from django.test import Client
from starlette.testclient import TestClient

from teams.models import User

ORIGIN = "http://testserver"


def sign_in(user: User) -> str:
    """The session key of a fresh session of this person."""
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client.cookies["sessionid"].value


def ask_as(web: TestClient, user: User | None) -> TestClient:
    """The same application, asked by this person from a page of the site."""
    cookies = {"sessionid": sign_in(user)} if user else {}
    return TestClient(web.app, base_url=ORIGIN, headers={"Origin": ORIGIN}, cookies=cookies, follow_redirects=False)
