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
from playwright.sync_api import BrowserContext, Page, Route, expect

from core.asgi import application
from runs.models import Experiment
from teams.models import Membership, Team, User
from tests.platform.core.web_client import sign_in

# A busy machine takes its time; nothing here is about speed.
PATIENCE = 90_000
SCRIPTS = Path(settings.ROOT) / "frontend" / "static"
ORIGIN = "http://scripts.test"
expect.set_options(timeout=PATIENCE)


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
def panel(page: Page, context: BrowserContext, web_address: str, member: User) -> Page:
    """A browser in which the member is signed in; scripts that fail, and files from elsewhere, fail the test."""
    page.set_default_timeout(PATIENCE)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda request: request.url.startswith((web_address, "data:", "blob:")) or problems.append(request.url),
    )
    context.add_cookies([{"name": "sessionid", "value": sign_in(member), "url": web_address}])
    yield page
    # Before the next test empties the tables under it.
    page.goto("about:blank")
    assert problems == []
