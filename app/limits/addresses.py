"""Where a request comes from: the connection's other end, or what a trusted proxy says of it.

Sources: RFC 7239 (Forwarded); X-Forwarded-For is what most proxies send. Each proxy appends the address that it
heard from, so only the end of the list that trusted ones wrote can be believed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from app.bounds import Network

_FOR = re.compile(r'(?:^|[;,\s])for="?(\[[^\]]*\]|[^",;:\s]+)', re.IGNORECASE)

Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"
"""The address of a connection that has none (a Unix socket)."""


def client_address(peer: str | None, told: str, trusted: Collection[Network], header: str) -> str:
    """The nearest address that is not a trusted proxy's.

    `peer`: the connection's other end; None: a Unix socket, which is a proxy on this machine. `told`: the values of
    the header that the proxies write, joined by commas; `header`: its name. What is no address (hidden by a proxy)
    ends the search: nothing before it can be believed.
    """
    nearest = _read(peer or "")
    if not trusted:
        return _spelled(nearest)
    chain = _chain(told, header)
    while chain and (nearest is None or any(nearest in one for one in trusted)):
        before = _read(chain.pop())
        if before is None:
            break
        nearest = before
    return _spelled(nearest)


def _chain(value: str, header: str) -> list[str]:
    if header == "forwarded":
        return _FOR.findall(value)
    return [word.strip() for word in value.split(",") if word.strip()]


def _read(text: str) -> Address | None:
    """An address in any of the spellings in use: bare, in brackets, with a port."""
    for one in (text, text.strip("[]"), text.rpartition(":")[0].strip("[]")):
        try:
            found = ip_address(one)
        except ValueError:
            continue
        return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
    return None


def _spelled(address: Address | None) -> str:
    return UNKNOWN if address is None else str(address)


@lru_cache(maxsize=10_000)
def network(address: str) -> str:
    """What counts as one place: an IPv4 address, or an IPv6 /64, which one customer has whole."""
    found = _read(address)
    return str(ip_network(f"{found}/64", strict=False)) if isinstance(found, IPv6Address) else address
