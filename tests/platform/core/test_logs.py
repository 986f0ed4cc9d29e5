"""What processes say: for a person or for a machine, about what, and never a secret."""

import io
import json
import logging
import logging.config
import os

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.urls import resolve, reverse
from django.utils.log import log_response
from starlette.testclient import TestClient

from core import logs
from core.asgi import application
from core.secret_variables import SECRET_VARIABLES
from teams.api_tokens import make_token
from teams.models import Scope
from tests.platform.core.web_client import ORIGIN, ask_as
from tests.platform.lab import PASSWORD, add_run


@pytest.fixture
def said(monkeypatch, request):
    """Everything that is logged from now on, as the format `request.param` has it."""
    monkeypatch.setenv("LOG_FORMAT", getattr(request, "param", "json"))
    stream, root = io.StringIO(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configuration = logs.configuration(environ.Env())
    configuration["handlers"]["console"]["stream"] = stream
    logging.config.dictConfig(configuration)
    root.setLevel(logging.DEBUG)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def objects(stream: io.StringIO) -> list[dict]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_that_says_what_it_is_about(said):
    with logs.about(run="r-1"), logs.about(request="q-1"):
        logging.getLogger("worker").warning("It %s.", "waits")
    logging.getLogger("worker").info("After.")
    inside, after = objects(said)
    assert inside["time"][:2] == "20" and after.keys() == {"time", "level", "logger", "message"}
    assert {key: value for key, value in inside.items() if key != "time"} == {
        "level": "WARNING",
        "logger": "worker",
        "message": "It waits.",
        "run": "r-1",
        "request": "q-1",
    }


def test_what_broke_stays_in_one_object(said):
    try:
        raise RuntimeError("It broke.")
    except RuntimeError:
        logging.getLogger("worker").exception("Oh.")
    (told,) = objects(said)
    assert told["message"] == "Oh." and "RuntimeError: It broke." in told["exc_info"]


@pytest.mark.parametrize("said", ["line"], indirect=True)
def test_a_line_for_a_person_names_the_run_too(said):
    with logs.about(run="r-1"):
        logging.getLogger("worker").info("It waits.")
    assert said.getvalue().endswith(" INFO worker: It waits. [run=r-1]\n")


def test_a_format_that_there_is_not_is_refused(monkeypatch):
    monkeypatch.setenv("LOG_FORMAT", "xml")
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT = xml: give line or json"):
        logs.configuration(environ.Env())


@pytest.mark.parametrize("said", ["line", "json"], indirect=True)
def test_no_secret_of_the_environment_gets_into_a_line(said, monkeypatch):
    secrets = {name: f"very-secret-{name.lower()}" for name in SECRET_VARIABLES}
    for name, secret in secrets.items():
        is_address = name.endswith("_URL")
        monkeypatch.setenv(name, f"scheme://user:{secret}@host:1/x" if is_address else secret)
    try:
        raise RuntimeError(f"Cannot reach {os.environ['DATABASE_URL']}.")
    except RuntimeError:
        logging.getLogger("worker").exception("With %s", os.environ["AWS_SECRET_ACCESS_KEY"])
    for name in SECRET_VARIABLES:
        logging.getLogger("worker").error("%s", os.environ[name])
    text = said.getvalue()
    assert "very-secret" not in text and text.count(logs.HIDDEN) >= len(secrets) + 2


@pytest.mark.django_db(transaction=True)
def test_what_people_send_to_sign_in_is_in_no_line(said, lab):
    options = {"base_url": ORIGIN, "headers": {"Origin": ORIGIN}, "client": ("127.0.0.1", 50000)}
    web = TestClient(application, **options, follow_redirects=False)
    page = web.get(reverse("account_login"))
    csrf = page.cookies["csrftoken"]
    for password in ("a-wrong-password", PASSWORD):
        form = {"login": "member@example.org", "password": password, "csrfmiddlewaretoken": csrf}
        web.post(reverse("account_login"), data=form)
    secret = make_token(lab.member, "for a test", Scope.READ, 1).text
    web.get("/api/v1/runs", headers={"Authorization": f"Bearer {secret}"})
    web.get("/accounts/password/reset/key/1-the-reset-key/")
    web.post("/accounts/password/reset/key/1-the-reset-key/", data={"password1": "a-new-password"})
    web.get("/accounts/oidc/oidc/login/callback/?code=the-code&state=the-state")
    # What this test's own client says of itself is not the product's.
    text = "".join(line for line in said.getvalue().splitlines() if '"httpx' not in line)
    session = web.cookies["sessionid"]
    for unsaid in (
        "a-wrong-password",
        PASSWORD,
        secret,
        "the-reset-key",
        "the-code",
        "a-new-password",
        "the-state",
        session,
        csrf,
    ):
        assert unsaid not in text


def test_what_breaks_is_told_without_its_address(said, rf):
    request = rf.get("/accounts/password/reset/key/1-the-reset-key/")
    request.resolver_match = resolve(request.path)
    response = HttpResponse(status=500)
    log_response("Internal Server Error: %s", request.path, response=response, request=request)
    (told,) = objects(said)
    assert told["message"].startswith("Internal Server Error: accounts/password/reset/key/(?P<uidb36>")
    assert "the-reset-key" not in said.getvalue()


@pytest.mark.django_db(transaction=True)
def test_a_request_leaves_a_line_with_its_pattern_and_the_person(said, lab):
    run = add_run(lab.experiment)
    response = ask_as(TestClient(application), lab.member).get(f"/runs/{run.id}/?secret=1")
    (told,) = [line for line in objects(said) if line["logger"] == "core.requests"]
    assert (told["method"], told["route"], told["status"]) == ("GET", "/runs/<uuid:run_id>/", 200)
    assert told["user"] == str(lab.member.pk) and told["milliseconds"] >= 0
    assert told["request"] == response.headers["X-Request-ID"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("given", "is_taken"), [("proxy-made-this-1", True), ("short", False), ("x" * 65, False)])
def test_the_proxys_number_of_a_request_is_taken_where_it_is_one(given, is_taken, said):
    response = TestClient(application).get("/accounts/login/", headers={"X-Request-ID": given})
    assert (response.headers["X-Request-ID"] == given) is is_taken


@pytest.mark.django_db(transaction=True)
def test_machines_that_ask_every_second_leave_no_line(said):
    TestClient(application).get("/healthz")
    assert not [line for line in objects(said) if line["logger"] == "core.requests"]
