"""A team with a person, and the web process on a real port."""

import gc
import mimetypes
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from django.conf import settings
from playwright.sync_api import Page, Route

from core.asgi import application
from runs.models import Experiment
from teams.models import Membership, Team, User
from tests.platform.browsing import signed_in

SCRIPTS = Path(settings.ROOT) / "frontend" / "static"
ORIGIN = "http://scripts.test"


@pytest.fixture
def team(transactional_db) -> Team:
    return Team.objects.create(name="Team", slug="team")


@pytest.fixture
def experiment(team) -> Experiment:
    return Experiment.objects.create(team=team, name="Experiment")


@pytest.fixture
def member(team) -> User:
    user = User.objects.create_user("member", "member@example.org")
    Membership.objects.create(team=team, user=user, role="viewer")
    return user


@pytest.fixture(scope="session")
def web_address(django_db_setup) -> Iterator[str]:
    """Where uvicorn serves the application, in a thread of this process, on the tests' database."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(application, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    # A request that the browser gave up leaves its thread's connection to the garbage collector.
    gc.collect()


@pytest.fixture
def scripts(page: Page):
    """Evaluates an expression over the exports of a module: `scripts("store", "new m.Store()")`."""

    def serve(route: Route) -> None:
        path = SCRIPTS / route.request.url.removeprefix(f"{ORIGIN}/")
        if path.is_file():
            route.fulfill(body=path.read_bytes(), content_type=mimetypes.guess_type(path)[0])
        else:
            route.fulfill(body="<!doctype html>", content_type="text/html")

    page.route(f"{ORIGIN}/**", serve)
    page.goto(ORIGIN)
    return lambda module, expression: page.evaluate(f"import('/js/panel/{module}.js').then((m) => {expression})")


@pytest.fixture
def panel(page: Page, web_address: str, member: User) -> Page:
    """A browser in which the member is signed in; scripts that fail, and files from elsewhere, fail the test."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with signed_in(page, web_address, member, with_refusals=True):
        yield page
    assert [url for url in asked if not url.startswith((web_address, "data:", "blob:", "about:"))] == []
