"""Requests as the web process answers them."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.conf import settings
from django.urls import reverse

from core.site import NUM_THREADS, Site
from tests.platform.core.web_client import sign_in
from tests.platform.lab import add_lines, add_run, make_lab

NUM_REQUESTS = 3 * NUM_THREADS

pytestmark = pytest.mark.django_db(transaction=True)


def ask(address: str, times: int, session: str = "") -> list[httpx.Response]:
    # This thread may have an event loop already: Playwright's.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _ask(address, times, session)).result()


async def _ask(address: str, times: int, session: str) -> list[httpx.Response]:
    cookies = {settings.SESSION_COOKIE_NAME: session} if session else {}
    transport = httpx.ASGITransport(Site())
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost", cookies=cookies) as client:
        return await asyncio.gather(*(client.get(address) for _ in range(times)))


def test_a_rush_of_requests_shares_a_few_threads():
    before = set(threading.enumerate())
    answers = ask(reverse("account_login"), NUM_REQUESTS)
    assert [answer.status_code for answer in answers] == [200] * NUM_REQUESTS
    answering = [one for one in set(threading.enumerate()) - before if one.name.startswith("request")]
    assert 0 < len(answering) <= NUM_THREADS


def test_what_streams_comes_whole():
    lab = make_lab()
    run = add_run(lab.experiment)
    add_lines(run, *(f"line {number}" for number in range(50)))
    [answer] = ask(reverse("run_log_text", args=[run.id]), 1, sign_in(lab.viewer))
    assert answer.status_code == 200
    assert [line.rpartition(" ")[2] for line in answer.text.splitlines()] == [str(number) for number in range(50)]
