"""Addresses as texts of a fixed length, so that SQL can compare them with networks and mask them.

An IPv4 address is packed as `4` and 8 hexadecimal digits, one of IPv6 as `6` and 32; `::ffff:192.0.2.1` is the IPv4
address that it stands for, however it is written. What is no address (a host name, `*`) is packed as NULL. A zone
(`fe80::1%eth0`) and brackets do not count.
"""

import ipaddress
from collections.abc import Sequence

from mtc.formats.globs import fits
from mtc.warehouse.quoting import literal

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_HIDDEN = "'0.0.0.0'"
_BARE = r"regexp_replace(lower(trim(ip, '[]')), '^::ffff:([0-9.]+)$|%.*$', '\1')"
_IS_V4 = r"regexp_full_match(bare, '[0-9]{1,3}(?:\.[0-9]{1,3}){3}')"
_IS_V6 = "regexp_full_match(bare, '(?:[0-9a-f]{0,4}:){2,8}[0-9a-f]{0,4}')"
_BYTES = ", ".join(f"try_cast(split_part(bare, '.', {number}) AS UTINYINT)" for number in range(1, 5))
_V4 = f"format('4{{:02x}}{{:02x}}{{:02x}}{{:02x}}', {_BYTES})"


def _digits(groups: str) -> str:
    """SQL: groups between colons, each filled up to four digits, without the colons."""
    filled = f"array_to_string(list_transform(string_split({groups}, ':'), lambda g: lpad(g, 4, '0')), '')"
    return f"CASE WHEN {groups} = '' THEN '' ELSE {filled} END"


# `::` stands for as many zeros as are missing; without it none may be.
_ZEROS = "CASE WHEN contains(bare, '::') THEN repeat('0', 32 - len(front) - len(back)) ELSE '' END"
_V6 = f"concat(front, {_ZEROS}, back)"
_MAPPED = "00000000000000000000ffff"
_MAPPED_BITS = 96

PACKED = f"""
    {_BARE} AS bare,
    {_digits("split_part(bare, '::', 1)")} AS front,
    {_digits("split_part(bare, '::', 2)")} AS back,
    {_V6} AS digits,
    CASE
        WHEN {_IS_V4} THEN {_V4}
        WHEN NOT {_IS_V6} OR len(digits) <> 32 THEN NULL
        WHEN starts_with(digits, '{_MAPPED}') THEN concat('4', substr(digits, 25))
        ELSE concat('6', digits)
    END AS packed
"""
"""SQL over `ip`: the column `packed`, which the rest of this module works with, and others on the way to it."""


def is_among(addresses: Sequence[str]) -> str:
    """SQL over `ip` and `packed`: whether an address is one of these, in one of these networks, or fits a glob."""
    networks = [network for address in addresses if (network := _network(address)) is not None]
    globs = [address for address in addresses if _network(address) is None]
    conditions = [f"coalesce(packed BETWEEN {literal(low)} AND {literal(high)}, false)" for low, high in networks]
    conditions += [fits("ip", globs)] if globs else []
    return f"({' OR '.join(conditions)})"


def _network(text: str) -> tuple[str, str] | None:
    """The first and the last address of a network, packed; None for a glob."""
    try:
        network = _unmapped(ipaddress.ip_network(text, strict=False))
    except ValueError:
        return None
    digits = 8 if network.version == 4 else 32  # noqa: PLR2004 (IPv4)
    first, last = (f"{network.version}{int(end):0{digits}x}" for end in (network[0], network[-1]))
    return first, last


def _unmapped(network: Network) -> Network:
    """A network of IPv4 addresses that is written as one of IPv6, as that of IPv4."""
    first = network.network_address
    mapped = first.ipv4_mapped if isinstance(first, ipaddress.IPv6Address) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return ipaddress.IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))


def masked(count: int) -> str:
    """SQL over `packed`: the address with so many bytes hidden, as Matomo does.

    Source: Matomo's anonymisation: the last 1 to 4 bytes of IPv4, all but the first 64, 48 or 24 bits of IPv6.
    """
    v4 = [f"CAST(concat('0x', substr(packed, {2 * number}, 2)) AS UTINYINT)" for number in range(1, 5 - count)]
    v4 += ["0"] * count
    return f"""
    CASE
        WHEN packed IS NULL THEN {_HIDDEN}
        WHEN starts_with(packed, '4') THEN concat_ws('.', {", ".join(v4)})
        ELSE regexp_replace(concat_ws(':', {", ".join(_groups_kept(count))}, ':'), '(?:(?:^|:)0)+::$', '::')
    END
"""


def _groups_kept(count: int) -> list[str]:
    """SQL for the groups of an IPv6 address that stay, without the zeros in front."""
    digits = {1: [4, 4, 4, 4], 2: [4, 4, 4], 3: [4, 2], 4: []}[count]
    groups = [f"rpad(substr(packed, {2 + 4 * at}, {kept}), 4, '0')" for at, kept in enumerate(digits)]
    return [f"coalesce(nullif(ltrim({group}, '0'), ''), '0')" for group in groups] or ["''"]
