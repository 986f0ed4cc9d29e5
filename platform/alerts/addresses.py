"""Which IP addresses are of the public internet. Nothing here imports Django: `apprise_child` uses it too."""

import ipaddress

# IPv6 addresses that stand for an IPv4 one: NAT64, 6to4, Teredo.
TRANSLATED = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32")))


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, for everybody to reach."""
    address = ipaddress.ip_address(text)
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 6 and any(address in network for network in TRANSLATED):
        return False
    return address.is_global and not address.is_multicast
