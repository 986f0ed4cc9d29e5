"""What is told to one person, and made when it goes out: by then they may have left the team, or have read it.

An app says at its start how its kind of event is told; this one knows nothing of what they tell.
"""

from collections.abc import Callable

from alerts.models import Channel, Event, EventKind
from teams.models import User

Maker = Callable[[dict, User], dict | None]

_makers: dict[str, Maker] = {}


def register(kind: EventKind, maker: Maker) -> None:
    """`maker` gets an event's content and whom it goes to; it returns None where nothing is to be sent."""
    _makers[kind] = maker


def content_of(event: Event, channel: Channel) -> dict | None:
    """What goes out, with paths for links; None: nothing does."""
    maker = _makers.get(event.kind)
    return maker(event.content, channel.user) if maker else event.content
