"""What a shared comparison shows: the pictures and columns that were saved, and how one looks at them."""

import hashlib

import orjson
from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse

from comparing.contents import Content, read_content, shown_refs
from comparing.items import Addresses
from comparing.looking import READ, Looking, parse_looking
from comparing.rows import Rows
from pictures.refs import Ref
from reports.scope import Row, Scope
from sharing.models import ShareLink

# Of these a visitor may choose: the rest says what is compared.
HOW = ("mode", "pair", "zoom", "x", "y", "wipe", "gain", "every", "time", "speed")
# A grid is asked for with all of its pictures at once.
REMEMBERED_SECONDS = 60


def content_of(link: ShareLink, secret: str = "") -> Content:
    """With the share's own addresses, below its secret."""
    addresses = Addresses(
        picture=lambda ref: reverse("share_picture", args=[secret, str(ref)]),
        thumbnail=lambda ref: reverse("share_thumbnail", args=[secret, str(ref)]),
        frames=lambda ref: reverse("share_frames", args=[secret, str(ref)]),
    )
    return read_content(Rows.of_team(link.team), link.comparison.looking, addresses if secret else None)


def query_of(looking: Looking) -> str:
    """How it was looked at when it was saved, for the address: scripts read it there."""
    texts = {name: text for name, text in looking.as_query().items() if name in HOW}
    return parse_looking(texts).query


def is_readable(query: QueryDict) -> bool:
    """Whether the address of a visitor says how to look in a way that can be shown."""
    try:
        parse_looking({name: query[name] for name in HOW if name in query and name in READ})
    except ValueError:
        return False
    return True


def find_compared(scope: Scope, link: ShareLink, ref: Ref) -> Row | None:
    """The picture, where the comparison shows it."""
    return scope.pictures([ref]).get(ref) if str(ref) in _refs(link) else None


def _refs(link: ShareLink) -> list[str]:
    query = hashlib.sha256(orjson.dumps(link.comparison.query, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]
    key = f"shared-pictures:{link.id}:{query}"
    found = cache.get(key)
    if found is None:
        found = sorted(str(ref) for ref in shown_refs(content_of(link)))
        cache.set(key, found, REMEMBERED_SECONDS)
    return found
