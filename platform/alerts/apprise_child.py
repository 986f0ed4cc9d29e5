"""A process of its own that hands one message to apprise, and can connect to no server that it may not reach.

    python -I apprise_child.py <request >answer

The request is JSON: `url`, `trusted` (addresses beside the public ones), and with `title` and `body` the message to
send; without them the URL is only looked at. The answer: `shown` (the URL without its secrets), `host` and `port` of a
server that the URL chooses by itself, `sent`, and `error`.

Every connection passes an audit hook, so neither a name that leads elsewhere the next moment nor a redirection gets
past it. This file imports nothing of Django: it starts in a second, and holds one team's secret at a time.
"""

import contextlib
import io
import json
import logging
import socket
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))

import apprise  # noqa: E402

TIMEOUT_SECONDS = 10.0


def main() -> None:
    request = json.load(sys.stdin)
    log = io.StringIO()
    logging.getLogger("apprise").addHandler(logging.StreamHandler(log))
    with contextlib.redirect_stdout(sys.stderr):
        answer = handle(request, log)
    json.dump(answer, sys.stdout)


def handle(request: dict, log: io.StringIO) -> dict:
    asset = apprise.AppriseAsset(app_id="Flow-DPPO", app_desc="Flow-DPPO", app_url="", http_redirects=False)
    target = apprise.Apprise.instantiate(request["url"], asset=asset, suppress_exceptions=True)
    if target is None:
        return {"error": "apprise does not understand this address"}
    looked_at = {"shown": target.url(privacy=True).partition("?")[0], **server_of(target)}
    if "body" not in request:
        return looked_at
    socket.setdefaulttimeout(TIMEOUT_SECONDS)
    guard = Guard(request["trusted"])
    sys.addaudithook(guard)
    sent = target.notify(title=request["title"], body=request["body"], body_format="text")
    said = guard.refused or next(iter(reversed(log.getvalue().strip().splitlines())), "it was not taken")
    return {**looked_at, "sent": bool(sent), "error": "" if sent else said}


def server_of(target) -> dict:
    """The server that the URL names; of a service with servers of its own, what stands in its place."""
    host = getattr(target, "smtp_host", None) or getattr(target, "host", None)
    return {"host": host or "", "port": target.port, "is_secure": bool(target.secure)}


class Guard:
    """Refuses every connection but those to public addresses and to trusted ones, and every process."""

    def __init__(self, trusted: list[str]):
        from alerts.addresses import is_public

        self._is_public, self._trusted = is_public, set(trusted)
        self.refused = ""

    def __call__(self, event: str, arguments: tuple) -> None:
        if event in ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"):
            raise PermissionError("a message starts no program")
        if event in ("socket.connect", "socket.sendto"):
            self._check(arguments[1])

    def _check(self, address) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        try:
            allowed = host in self._trusted or self._is_public(host.partition("%")[0])
        except ValueError:
            allowed = False
        if not allowed:
            self.refused = f"{host or 'a local socket'} is no public address"
            raise PermissionError(self.refused)


if __name__ == "__main__":
    main()
