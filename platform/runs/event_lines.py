"""Lines of an event stream as events, whoever wrote them."""

import time

from flowdppo_engine.events import Event, Log, parse_event


def parse_lines(whole: bytes) -> list[Event]:
    """The events of some lines, of which the last one ends too."""
    return [parse_line(line) for line in whole[:-1].split(b"\n")]


def parse_line(line: bytes) -> Event:
    """A line that is no event becomes a warning in the log: one bad line must not hide the rest of a run."""
    try:
        # PostgreSQL keeps no NUL character in a text.
        return parse_event(line.replace(rb"\u0000", rb"\ufffd"))
    except (ValueError, AttributeError) as error:
        problem = str(error).splitlines()[0]
        return Log(time=time.time(), level="warning", message=f"A line of the event stream is no event: {problem}")
