"""A person before the site in a browser: signed in, and told of everything that goes wrong on its pages."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from playwright.sync_api import Page, expect

from teams.models import User
from tests.platform.core.web_client import sign_in

# Milliseconds; a busy machine is no fault.
PATIENCE = 90_000
PHONE = {"width": 390, "height": 844}
# Said of each answer of 400 and above, and where Django's live server, which has no panel, answers for its frame.
REFUSALS = ("Failed to load resource", "Framing '")
# htmx says so of what a page had asked for when it was left.
GIVEN_UP = ("htmx:afterRequest", "htmx:sendAbort")

expect.set_options(timeout=PATIENCE)


@contextmanager
def signed_in(page: Page, address: str, user: User, with_refusals: bool = False) -> Iterator[Page]:
    """The page of this person, with the site's address as its `base`.

    At the end nothing may have failed: no script, nothing that the content policy forbids, nothing else that the
    console calls an error. `with_refusals`: answers of 400 and above are part of the test.
    """
    page.set_default_timeout(PATIENCE)
    complaints = listen(page)
    cookie = {"name": settings.SESSION_COOKIE_NAME, "value": sign_in(user), "url": address}
    page.context.add_cookies([cookie])
    page.base = address
    yield page
    # Before the tables are emptied under it.
    page.goto("about:blank")
    expected = GIVEN_UP + (REFUSALS if with_refusals else ())
    faults = [said for said in complaints if not said.startswith(expected)]
    assert not faults, "\n".join(faults)


def listen(page: Page) -> list[str]:
    """What goes wrong on the page, from now on: grows by itself."""
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(f"{said.text} {said.location['url']}") if said.type == "error" else None,
    )
    return complaints


def is_within_its_width(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")
