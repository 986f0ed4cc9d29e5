"""Which servers messages may go to: public ones, and those that the operator lists in FLOWDPPO_MESSAGE_HOSTS.

An address comes from an owner of a team. Without this it could have the site ask any server that it can reach, among
them those that trust it. The entries are those of FLOWDPPO_REWARD_HOSTS.
"""

import socket

import httpx
from django.conf import settings

from alerts.addresses import is_public
from flowdppo_engine.errors import BadConfig
from flowdppo_engine.rewards.remote.allowed_hosts import DEFAULT_PORTS, AllowedHosts

VARIABLE = "FLOWDPPO_MESSAGE_HOSTS"


class HostRefused(Exception):
    """Messages may not go there; says why and what to do."""


def find_addresses(url: httpx.URL) -> list[str]:
    """The addresses of the URL's host, if messages may go to all of them. Raises HostRefused."""
    try:
        found = socket.getaddrinfo(_host(url), url.port or DEFAULT_PORTS[url.scheme], type=socket.SOCK_STREAM)
    except OSError as error:
        raise HostRefused(f"{_host(url)} cannot be found: {error.strerror or error}.") from error
    addresses = list(dict.fromkeys(entry[4][0].partition("%")[0] for entry in found))
    if not all(is_public(address) for address in addresses):
        _check_listed(url, addresses)
    return addresses


def _check_listed(url: httpx.URL, addresses: list[str]) -> None:
    listed = listed_hosts()
    if not any(entry.matches(url) for entry in listed.entries):
        port = url.port or DEFAULT_PORTS[url.scheme]
        raise HostRefused(
            f"{_host(url)} is no public server: the site's operator can add {_host(url)}:{port} to {VARIABLE}."
        )
    try:
        listed.check_addresses(url, addresses)
    except ValueError:
        raise HostRefused(f"{_host(url)} leads to an address that {VARIABLE} does not allow it.") from None


def listed_hosts() -> AllowedHosts:
    """Raises HostRefused for a list that cannot be read."""
    try:
        return AllowedHosts.parse(settings.MESSAGE_HOSTS)
    except BadConfig as error:
        raise HostRefused(f"{VARIABLE} cannot be read: {error}") from error


def _host(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").strip("[]")
