"""The wall before the panel: who passes, and to which of Gradio's routes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from starlette.routing import Mount
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from core import dispatch
from core.asgi import application
from teams.models import User
from tests.platform.core.web_client import ask_as, sign_in

pytestmark = pytest.mark.django_db(transaction=True)

# What the page loads, beside its calls of run/predict; the rest is refused even to those who are signed in.
OPEN_ROUTES = {"/panel/", "/panel/theme.css", "/panel/static/x", "/panel/assets/x"}


@pytest.fixture
def web() -> TestClient:
    return TestClient(application)


@pytest.fixture
def member(db) -> User:
    return User.objects.create_user("member", "member@example.org")


def gradio_routes() -> Iterator[tuple[str, str]]:
    """(method, address) of everything that Gradio serves, with `x` for each parameter."""

    def walk(routes, prefix=""):
        for route in routes:
            if hasattr(route, "original_router"):
                yield from walk(route.original_router.routes, prefix)
                continue
            path = prefix + re.sub(r"{[^}]*}", "x", route.path)
            if isinstance(route, Mount):
                yield from walk(route.routes, path)
            for method in sorted(getattr(route, "methods", None) or ()):
                yield method, path

    yield from walk(application._panel.routes)


ROUTES = [route for route in gradio_routes() if route[1].startswith("/panel")]


def test_every_kind_of_route_of_gradio_is_known():
    addresses = {address for _, address in ROUTES}
    assert {"/panel/gradio_api/file=x", "/panel/gradio_api/upload", "/panel/gradio_api/queue/join"} <= addresses
    assert addresses >= OPEN_ROUTES
    assert len(ROUTES) > 80


def test_anonymous_pass_nowhere(web):
    anonymous = ask_as(web, None)
    for method, address in ROUTES:
        response = anonymous.request(method, address)
        is_page = address == "/panel/" and method in ("GET", "HEAD")
        assert response.status_code == (302 if is_page else 401), (method, address)


def test_anonymous_are_sent_to_sign_in_and_back(web):
    response = ask_as(web, None).get("/panel/?runs=a,b&x=step")
    assert response.headers["location"] == "/accounts/login/?next=/panel/%3Fruns%3Da%2Cb%26x%3Dstep"


def test_members_reach_only_what_the_page_needs(web, member):
    signed_in = ask_as(web, member)
    for method, address in ROUTES:
        if address in OPEN_ROUTES:
            continue
        response = signed_in.request(method, address)
        # Not Gradio's own 404: the words are the guard's.
        words = "" if method == "HEAD" else "The panel has no such page."
        assert (response.status_code, response.text) == (404, words), (method, address)


def test_members_get_the_page_framed_only_by_this_site(web, member):
    response = ask_as(web, member).get("/panel/?runs=")
    assert response.status_code == 200
    assert "window.gradio_config" in response.text
    policy = response.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "default-src 'self'" in policy
    assert "http" not in policy


def test_an_address_without_its_slash_leads_to_the_page(web, member):
    response = ask_as(web, member).get("/panel?runs=a")
    assert response.headers["location"].endswith("/panel/?runs=a")


@pytest.mark.parametrize("path", ["manage.py", "data/secret_key", "/etc/passwd", "platform/core/settings.py"])
def test_no_file_is_served(web, member, path):
    """By the guard, and by Gradio itself where the guard would let it."""
    address = f"/panel/gradio_api/file={path}"
    assert ask_as(web, member).get(address).status_code == 404

    async def without_routes(scope, receive, send):
        await application._panel({**scope, dispatch.USER_KEY: str(member.pk)}, receive, send)

    assert TestClient(without_routes).get("/panel/").status_code == 200
    assert TestClient(without_routes).get(address).status_code == 403
    absolute = f"/panel/gradio_api/file={Path(settings.ROOT) / path}"
    assert TestClient(without_routes).get(absolute).status_code == 403


@pytest.mark.parametrize(
    "path", ["assets/../../config", "assets/%2e%2e/%2e%2e/config", "static/%2e%2e", "assets/a%00b"]
)
def test_no_way_out_of_the_open_folders(web, member, path):
    assert ask_as(web, member).get(f"/panel/{path}").status_code == 404


def test_without_the_guard_gradio_lets_nobody_in():
    bare = TestClient(application._panel)
    for address in ("/panel/", "/panel/config", "/panel/gradio_api/info", "/panel/gradio_api/file=manage.py"):
        assert bare.get(address).status_code == 401
    assert bare.post("/panel/gradio_api/run/predict", json={"data": []}).status_code == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "http://testserver.evil.example", "null", ""])
def test_other_sites_cannot_ask_in_a_members_name(web, member, origin):
    response = ask_as(web, member).post("/panel/gradio_api/run/predict", json={}, headers={"Origin": origin})
    assert response.status_code == 403


def test_a_trusted_origin_may_ask(web, member, settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://panel.example"]
    response = ask_as(web, member).post(
        "/panel/gradio_api/run/predict", json={}, headers={"Origin": "https://panel.example"}
    )
    assert response.status_code not in (401, 403)


def test_an_ended_session_and_a_closed_account_stay_outside(web, member):
    signed_in = ask_as(web, member)
    assert signed_in.get("/panel/theme.css").status_code == 200
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert signed_in.get("/panel/theme.css").status_code == 401
    User.objects.filter(pk=member.pk).update(is_active=True)
    Session.objects.all().delete()
    assert signed_in.get("/panel/theme.css").status_code == 401


def test_files_of_the_package_do_not_ask_the_database_each_time(web, member):
    """Sixty of them make a page; they are alike for everyone."""
    signed_in = ask_as(web, member)
    (asset, *_) = re.findall(r"assets/[\w.-]+\.js", signed_in.get("/panel/").text)
    User.objects.filter(pk=member.pk).update(is_active=False)
    assert signed_in.get(f"/panel/{asset}").status_code == 200
    assert signed_in.get("/panel/").status_code == 302
    assert signed_in.get(f"/panel/{asset}").status_code == 401


def test_a_new_password_ends_the_sessions(web, member):
    signed_in = ask_as(web, member)
    member.set_password("another one")
    member.save()
    assert signed_in.get("/panel/theme.css").status_code == 401


def test_websockets_are_closed(web, member):
    for cookies in ({}, {"sessionid": sign_in(member)}):
        with (
            pytest.raises(WebSocketDisconnect),
            TestClient(web.app, cookies=cookies).websocket_connect("/panel/gradio_api/queue/join"),
        ):
            pass


def test_the_rest_goes_to_django(web):
    assert web.get("/healthz").json() == {"status": "ok"}
    assert web.get("/panelled").status_code == 404


def test_gradio_starts_and_stops_with_the_process():
    with TestClient(application) as running:
        assert running.get("/healthz").status_code == 200


def test_the_web_process_never_imports_torch():
    code = "import sys, core.asgi; assert 'torch' not in sys.modules, 'torch'"
    environment = os.environ | {"PYTHONPATH": str(settings.ROOT / "platform")}
    finished = subprocess.run([sys.executable, "-c", code], cwd=settings.ROOT, env=environment, capture_output=True)
    assert finished.returncode == 0, finished.stderr.decode()
