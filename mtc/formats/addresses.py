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
_GROUPS = r"[0-9a-f]{1,4}(?::[0-9a-f]{1,4})"
_V6 = rf"{_GROUPS}{{7}}|(?:{_GROUPS}{{0,6}})?::(?:{_GROUPS}{{0,6}})?"
_MAPPED = "00000000000000000000ffff"
_MAPPED_BITS = 96


def spread(bare: str) -> str:
    """SQL: an address in lower case, one of IPv6 with all digits of its groups and a dot for `::`."""
    longer = f"regexp_replace({bare}, '([0-9a-f]+)', '000\\1', 'g')"
    digits = f"regexp_replace({longer}, '0*([0-9a-f]{{4}})(:|$)', '\\1\\2', 'g')"
    return f"""CASE
        WHEN regexp_full_match({bare}, {literal(_V6)}) THEN replace(replace({digits}, '::', '.'), ':', '')
        WHEN regexp_full_match({bare}, '[0-9]{{1,3}}(?:\\.[0-9]{{1,3}}){{3}}') THEN {bare}
    END"""


def packed(spread: str) -> str:
    """SQL: the address as a text of a fixed length, NULL where it is none."""
    octets = ", ".join(f"try_cast(split_part({spread}, '.', {number}) AS UTINYINT)" for number in range(1, 5))
    # A dot stands for as many zeros as are missing, one at least; without it none may be.
    digits = f"replace({spread}, '.', repeat('0', greatest(33 - len({spread}), 1)))"
    return f"""CASE
        WHEN len({spread}) < 16 AND regexp_full_match({spread}, '(?:[0-9]{{1,3}}\\.){{3}}[0-9]{{1,3}}')
        THEN format('4{{:02x}}{{:02x}}{{:02x}}{{:02x}}', {octets})
        WHEN len({digits}) = 32 THEN regexp_replace(concat('6', {digits}), '^6{_MAPPED}', '4')
    END"""


PACKED = f"{_BARE} AS bare, {spread('bare')} AS spread, {packed('spread')} AS packed"
"""SQL over `ip`: the column `packed`, which the rest of this module works with, and others on the way to it."""


def written(packed: str) -> str:
    """SQL: the address with its groups without zeros in front; `shortened` makes it what everyone writes."""
    octets = ", ".join(f"CAST(concat('0x', substr({packed}, {2 * number}, 2)) AS UTINYINT)" for number in range(1, 5))
    groups = f"regexp_replace(substr({packed}, 2), '(.{{4}})', ':\\1', 'g')"
    return f"""CASE
        WHEN starts_with({packed}, '4') THEN concat_ws('.', {octets})
        ELSE substr(regexp_replace({groups}, ':0{{1,3}}([0-9a-f])', ':\\1', 'g'), 2)
    END"""


def shortened(address: str) -> str:
    """SQL: with `::` in place of the first of the longest runs of two groups or more that are zero (RFC 5952)."""
    runs = [f":0{':0' * more}:" for more in range(7, 0, -1)]
    framed = f"concat(':', {address}, ':')"
    run = f"list_filter([{', '.join(map(literal, runs))}], lambda run: contains({framed}, run))[1]"
    # The whole is in colons: `:1:0:0:2:` becomes `:1::2:`.
    short = f"concat(split_part({framed}, {run}, 1), '::', substr({framed}, instr({framed}, {run}) + len({run})))"
    return (
        f"CASE WHEN {run} IS NULL THEN {address} ELSE regexp_replace({short}, '^:([^:])|([^:]):$', '\\1\\2', 'g') END"
    )


def _short(group: str) -> str:
    return f"coalesce(nullif(ltrim({group}, '0'), ''), '0')"


def is_among(addresses: Sequence[str]) -> str:
    """SQL over `ip` and `packed`: whether an address is one of these, in one of these networks, or fits a glob."""
    networks = [address for address in addresses if _network(address) is not None]
    globs = [address for address in addresses if _network(address) is None]
    conditions = [lies_in("packed", networks)] if networks else []
    conditions += [fits("ip", [glob.lower() for glob in globs])] if globs else []
    return f"({' OR '.join(conditions)})"


def lies_in(packed: str, networks: Sequence[str]) -> str:
    """SQL: whether a packed address lies in one of the networks."""
    ends = [network for text in networks if (network := _network(text)) is not None]
    inside = [f"coalesce({packed} BETWEEN {literal(low)} AND {literal(high)}, false)" for low, high in ends]
    return f"({' OR '.join(inside)})" if inside else "false"


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
    return [_short(group) for group in groups] or ["''"]
