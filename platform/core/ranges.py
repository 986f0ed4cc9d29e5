"""Part of a file, for a download that goes on where it broke off: one range of bytes, as curl and browsers ask."""

import re

from django.http import HttpRequest

ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class Unsatisfiable(Exception):
    """The file has no such bytes."""


def asked_for(request: HttpRequest, num_bytes: int) -> range | None:
    """The bytes of the file that are to be sent; None for all of it, as for a header that we do not understand.

    Raises Unsatisfiable where the range begins behind the end.
    """
    found = ONE_RANGE.fullmatch(request.headers.get("Range", "").strip())
    if not found or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if not first:
        start, end = max(0, num_bytes - int(last)), num_bytes
    else:
        start, end = int(first), min(num_bytes, int(last) + 1) if last else num_bytes
        if last and int(last) < start:
            return None
    if start >= num_bytes or start >= end:
        raise Unsatisfiable
    return range(start, end)
