"""Which servers a reward may ask: those that the operator of the training machine lists, and no other.

A configuration comes from whoever may submit a run. Without the list it could have the training machine ask any server
that this machine can reach, among them those that trust it.
"""

import ipaddress
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

import httpx

from flowdppo_engine.errors import BadConfig

VARIABLE = "FLOWDPPO_REWARD_HOSTS"
DEFAULT_PORTS = {"http": 80, "https": 443}
ANY_PORT = "*"
# host, host:port, host:*, *.suffix, *.suffix:port, 192.0.2.1, [2001:db8::1]:port
ENTRY = re.compile(r"(?P<wildcard>\*\.)?(?P<host>\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(?P<port>\d{1,5}|\*))?")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class AllowedHost:
    """One entry: a host, or with `is_wildcard` every host below it; without a port, the scheme's own."""

    host: str
    is_wildcard: bool
    port: str | None

    @classmethod
    def parse(cls, entry: str) -> "AllowedHost":
        match = ENTRY.fullmatch(entry.lower())
        if not match:
            raise BadConfig(
                f"{VARIABLE} has {entry!r}: write host, host:port, host:* or *.domain, with commas between."
            )
        return cls(match["host"].strip("[]").rstrip("."), bool(match["wildcard"]), match["port"])

    def matches(self, url: httpx.URL) -> bool:
        host = _host_of(url)
        is_host = host.endswith(f".{self.host}") if self.is_wildcard else host == self.host
        is_port = url.port is None if self.port is None else self.port in (ANY_PORT, str(_port_of(url)))
        return is_host and is_port

    def trusts(self, address: Address) -> bool:
        """Whether its name may stand for `address`.

        A name that was listed itself may lead into the private network. What stands below a listed domain may not,
        since its names may be another's to choose; and no name at all leads to a link-local address, where cloud
        machines get their credentials.
        """
        if self.host == str(address):
            return True
        if address.is_link_local or address.is_multicast or address.is_unspecified:
            return False
        return not self.is_wildcard or address.is_global


@dataclass(frozen=True)
class AllowedHosts:
    """The operator's list."""

    entries: tuple[AllowedHost, ...]

    @classmethod
    def from_environment(cls) -> "AllowedHosts":
        """Raises BadConfig for an entry that cannot be read."""
        return cls.parse(os.environ.get(VARIABLE, ""))

    @classmethod
    def parse(cls, text: str) -> "AllowedHosts":
        return cls(tuple(AllowedHost.parse(entry.strip()) for entry in text.split(",") if entry.strip()))

    def check(self, url: httpx.URL) -> None:
        """Raises ValueError, with the remedy, where `url` may not be asked."""
        if not any(entry.matches(url) for entry in self.entries):
            wanted = f"{_host_of(url)}:{_port_of(url)}"
            raise ValueError(f"{VARIABLE} on the training machine does not list {wanted}: its operator can add it.")

    def check_addresses(self, url: httpx.URL, addresses: Iterable[str]) -> list[str]:
        """The addresses that its host has, if it may have them all. Raises ValueError."""
        trusted = [entry for entry in self.entries if entry.matches(url)]
        found = [_plain(ipaddress.ip_address(address)) for address in addresses]
        if not found or not all(any(entry.trusts(address) for entry in trusted) for address in found):
            raise ValueError(f"{_host_of(url)} leads to an address that {VARIABLE} does not allow it.")
        return list(dict.fromkeys(map(str, found)))


def _host_of(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").lower().strip("[]").rstrip(".")


def _port_of(url: httpx.URL) -> int:
    return url.port or DEFAULT_PORTS[url.scheme]


def _plain(address: Address) -> Address:
    """An IPv4 address that is written as an IPv6 one is the IPv4 address."""
    return getattr(address, "ipv4_mapped", None) or address
