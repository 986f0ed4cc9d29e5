"""The platform as `make run` brings it up, real engine included, and somebody at a browser."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.end_to_end.printed import sign_in_that_was_printed
from tests.platform.stack.running_platform import Platform

PATIENCE = 240_000
expect.set_options(timeout=PATIENCE)


@dataclass(frozen=True)
class Stack:
    """A running platform: its address, and the sign-in that it printed."""

    address: str
    email: str
    password: str


# Its demo run trains all the while, and would slow the tests of other modules down.
@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    # Not tmp_path: PostgreSQL's own account may not pass through pytest's folders.
    with tempfile.TemporaryDirectory(prefix="flowdppo-end-to-end-") as folder:
        platform = Platform(Path(folder) / "data")
        platform.start()
        try:
            address = platform.wait_until_up()
            yield Stack(address.rstrip("/"), *sign_in_that_was_printed(platform.said()))
        finally:
            platform.end()


@pytest.fixture
def visitor(page: Page) -> Page:
    """A browser that nobody has signed in with; a script that fails fails the test."""
    page.set_default_timeout(PATIENCE)
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    yield page
    assert problems == []
