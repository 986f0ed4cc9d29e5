"""Links of a report that leaves the site: those to its pages get its address, and those to no page are plain text."""

from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from django.conf import settings
from markdown_it.token import Token

OPEN, CLOSE = "link_open", "link_close"


def lead_home(tokens: Sequence[Token]) -> None:
    """Changes the tokens of some whole blocks."""
    for token in tokens:
        if token.children:
            token.children = list(_led_home(token.children))


def _led_home(children: Sequence[Token]) -> Iterator[Token]:
    is_plain = False
    for child in children:
        if child.type == OPEN:
            address = _from_afar(child.attrGet("href") or "")
            is_plain = not address
            child.attrSet("href", address)
        # A link has none within it.
        if not (is_plain and child.type in (OPEN, CLOSE)):
            yield child


def _from_afar(address: str) -> str:
    """What leads to the same page from anywhere; empty for a place in the page and for what no page is at."""
    parts = urlsplit(address)
    if parts.scheme:
        return address
    if parts.netloc:
        return f"https:{address}"
    return f"{settings.SITE_URL}{address}" if address.startswith("/") else ""
