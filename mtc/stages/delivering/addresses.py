"""Visitors' addresses as Matomo takes them: plain ones. What is none it would file under 0.0.0.0 without a word.

Lines are read so that an address is one; older parts may hold others, with a port, quotes or brackets, or an IPv4
address mapped into IPv6, which would be another visitor.
"""

import ipaddress
import re
from collections.abc import Iterable

UNKNOWN = "0.0.0.0"  # noqa: S104 - sent, and not listened at
"""What is sent for a visitor without an address: left out, Matomo would take the address of this machine."""

PLAIN = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
"""What an IPv4 address looks like, for RE2."""

_DECORATED = re.compile(r'\A[\s"\']*(?:for=)?[\s"\']*(?:\[(?P<in>[^\]]+)\](?::\d+)?|(?P<v4>\d+(?:\.\d+){3})(?::\d+)?)?')


def odd(addresses: Iterable[str]) -> dict[str, str]:
    """Those of the addresses that are not plain, each with what is sent in its place."""
    return {address: plain for address in addresses if (plain := plain_address(address)) != address}


def plain_address(text: str) -> str:
    """The address that a text holds; `UNKNOWN` if it holds none. A plain one comes back as it is."""
    bare = text.strip(" \t\"'")
    found = _DECORATED.match(text)
    if found is not None and (inner := found["in"] or found["v4"]):
        bare = inner if found.end() >= len(text.rstrip(" \t\"'")) else bare
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return bare.partition("%")[0]
