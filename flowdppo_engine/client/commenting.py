"""Comments from the terminal: what they are about as people name it, and threads and the inbox as tables."""

import re
import sys

from flowdppo_engine.client.connection import Connection
from flowdppo_engine.client.finding import find_run
from flowdppo_engine.client.tables import moment, print_table

PICTURE = re.compile(r"[sd][1-9]\d{0,17}")
REASONS = {"mention": "mentioned you", "own_run": "commented on your run", "thread": "commented after you"}


def find_about(connection: Connection, text: str) -> str:
    """What the server calls it: a picture as it is, a run by its id, a checkpoint by its run's id, @ and iteration."""
    run, _, iteration = text.rpartition("@")
    if PICTURE.fullmatch(text):
        return text
    if run and iteration.isascii() and iteration.isdigit():
        return f"{find_run(connection, run)['id']}@{iteration}"
    return find_run(connection, text)["id"]


def read_text(given: str | None) -> str:
    return sys.stdin.read() if given is None else given


def print_comments(comments: list[dict]) -> None:
    rows = [(one["id"], moment(one["created_at"]), one["author"], one["title"], one["text"]) for one in comments]
    print_table(("id", "when", "who", "on", ""), rows)


def print_notices(notices: list[dict]) -> None:
    rows = [
        (
            one["comment"]["id"],
            moment(one["created_at"]),
            f"{one['comment']['author'] or 'somebody'} {REASONS.get(one['why'], one['why'])}",
            one["comment"]["title"],
            one["comment"]["text"],
        )
        for one in notices
    ]
    print_table(("id", "when", "who", "on", ""), rows)
