"""Messages by apprise, each sent by a process of its own: `apprise_child` says why."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from alerts.apprise_services import FREE_HOSTS, AddressRefused, check_address
from alerts.hosts import HostRefused, find_addresses
from alerts.webhooks import NotDelivered

CHILD = Path(__file__).with_name("apprise_child.py")
TIMEOUT_SECONDS = 45
MAIL_PORTS = {"mailto": 587, "mailtos": 587}
# Without a server, the first part of such an address is a topic on ntfy.sh.
TOPICS = ("ntfy", "ntfys")
SHORTEST_SECRET = 6


@dataclass(frozen=True)
class Message:
    """A channel's address as it is kept; `server` is the one that the address itself names, if it does."""

    url: str
    shown: str
    server: str

    @classmethod
    def read(cls, address: str) -> "Message":
        """Raises AddressRefused for an address that is no service's, or whose server may not be asked."""
        scheme = check_address(address)
        try:
            seen = _ask({"url": address})
        except NotDelivered as error:
            raise AddressRefused(f"{error}.") from error
        if "shown" not in seen:
            raise AddressRefused(f"This address is not complete: {seen['error']}.")
        server = _server(scheme, seen) if scheme in FREE_HOSTS else ""
        try:
            _trusted(server)
        except HostRefused as error:
            if scheme not in TOPICS:
                raise AddressRefused(str(error)) from error
            server = ""
        return cls(address, seen["shown"], server)

    def send(self, title: str, body: str) -> None:
        """Raises NotDelivered."""
        try:
            trusted = _trusted(self.server)
        except HostRefused as error:
            raise NotDelivered(str(error)) from error
        answer = _ask({"url": self.url, "trusted": trusted, "title": title, "body": body})
        if not answer.get("sent"):
            raise NotDelivered(_without_secrets(answer["error"], self.url, self.shown))


def _server(scheme: str, seen: dict) -> str:
    secure = "https" if seen["is_secure"] else "http"
    port = seen["port"] or MAIL_PORTS.get(scheme)
    return f"{secure}://{seen['host']}{f':{port}' if port else ''}"


def _trusted(server: str) -> list[str]:
    """The addresses of the server that the operator listed or that are public. Raises HostRefused."""
    try:
        return find_addresses(httpx.URL(server)) if server else []
    except httpx.InvalidURL as error:
        raise HostRefused(f"{server} is no server's address: {error}.") from error


def _ask(request: dict) -> dict:
    """Raises NotDelivered where the process does not answer."""
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "SSL_CERT_FILE") if name in os.environ}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(CHILD)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            env=environment,
            cwd="/",
        )
        return json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise NotDelivered(f"No answer within {TIMEOUT_SECONDS} seconds") from None
    except ValueError:
        raise NotDelivered("apprise ended without an answer") from None


def _without_secrets(words: str, url: str, shown: str) -> str:
    """What is told of an error, without the parts of the address that are not shown."""
    for part in sorted(re.split(r"[/?&=@:]+", url), key=len, reverse=True):
        if len(part) >= SHORTEST_SECRET and part not in shown:
            words = words.replace(part, "***")
    return words
