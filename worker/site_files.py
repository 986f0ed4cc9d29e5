"""Whether this machine sees the site's files: a node whose shared folder is not mounted must not train."""

import os

from django.core.files.storage import default_storage

from worker.joining import MARK


def check() -> None:
    """Raises SystemExit where the mark that the site laid for this node is not there. Without a mark nothing is known:
    this is the site's own machine.
    """
    name, _, text = os.environ.get(MARK, "").partition(":")
    if not name:
        return
    try:
        with default_storage.open(name) as file:
            found = file.read().decode(errors="replace")
    except FileNotFoundError:
        found = None
    if found != text:
        where = getattr(default_storage, "location", "") or default_storage
        raise SystemExit(
            f"This machine does not see the site's files: {name} is not in {where}, or another one is. Mount the "
            "site's folder of files there, or let the site keep its files in S3 (docs/nodes.md); then start "
            "`python -m worker runs`."
        )
