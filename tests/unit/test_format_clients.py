"""Whose request it was: an address is parsed in every format, however it is written, or the line is rejected."""

import ipaddress
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_hand import explained, line, reasons, site, values

from mtc.formats.client_address import client_ip
from mtc.formats.custom_formats import CustomFormat
from mtc.formats.settings import ClientSettings, Filters

TIME = "01/May/2026:10:00:00 +0000"
ISO = "2026-05-01T10:00:00+00:00"

ADDRESSES = {
    "192.0.2.7": "192.0.2.7",
    "192.0.2.7:4433": "192.0.2.7",
    "[192.0.2.7]:4433": "192.0.2.7",
    "192.000.002.007": "192.0.2.7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "::FFFF:c000:0207": "192.0.2.7",
    "0:0:0:0:0:ffff:192.0.2.7": "192.0.2.7",
    "[::ffff:192.0.2.7]:80": "192.0.2.7",
    "::1": "::1",
    "[::1]:8080": "::1",
    "[2001:db8::1]": "2001:db8::1",
    "2001:DB8::1": "2001:db8::1",
    "2001:0db8:0000:0000:0000:0000:0000:0001": "2001:db8::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:db8:1:2:3:4:5:6": "2001:db8:1:2:3:4:5:6",
    "fe80::1%eth0": "fe80::1",
    "[fe80::1%25eth0]:80": "fe80::1",
    "64:ff9b::192.0.2.33": "64:ff9b::c000:221",
    "192.0.2.7,198.51.100.9": "192.0.2.7",
    "unknown,192.0.2.7": "192.0.2.7",
}
NO_ADDRESSES = [
    *(
        "unix:",
        "unknown",
        "-x",
        "256.1.1.1",
        "1.2.3",
        "1.2.3.4.5",
        "192.0.2.7/24",
        "2001:db8::g",
        "1::2::3",
        "12345::1",
    ),
    *("1:2:3:4::5:6:7:8", ":1:2:3:4:5:6:7", "client-7.example.net", "192.0.2.x", "192.0.2.7:http", "for=_gazonk"),
]


LOG = f'- - [{TIME}] "GET / HTTP/1.1" 200 5'

# A line whose client reads so, in formats of every shape, with what a file of it begins with.
FORMS: list[tuple[CustomFormat | str, str, Callable[[str], str]]] = [
    ("combined", "", lambda ip: line(ip=ip)),
    ("common", "", lambda ip: f"{ip} {LOG}"),
    ("combined", "", lambda ip: f'"{ip}" {LOG} "-" "-"'),
    ("combined_vhost", "", lambda ip: line(ip=ip, host="docs.example.org")),
    (
        "w3c",
        "#Fields: date time c-ip cs-method cs-uri-stem sc-status\n",
        lambda ip: f"2026-05-01 10:00:00 {ip} GET / 200",
    ),
    ("nginx_json", "", lambda ip: json.dumps({"time": ISO, "ip": ip, "path": "/", "status": 200})),
    ("traefik_json", "", lambda ip: json.dumps({"StartUTC": ISO, "ClientHost": ip, "RequestPath": "/"})),
    ("ltsv", "", lambda ip: f"time:{ISO}\thost:{ip}\tmethod:GET\turi:/\tstatus:200"),
    ("logfmt", "", lambda ip: f'time={ISO} remote_addr="{ip}" method=GET path=/ status=200'),
    (
        CustomFormat.model_validate({"json": {"ip": "from", "time": "at", "path": "to"}}),
        "",
        lambda ip: json.dumps({"at": ISO, "from": [ip], "to": "/"}),
    ),
    (CustomFormat(regex=r"(?P<time>\S+) (?P<ip>\S+) (?P<path>.*)"), "", lambda ip: f"{ISO} {ip} /"),
    (
        CustomFormat(nginx='$remote_addr [$time_local] "$request"'),
        "",
        lambda ip: f'{ip} [{TIME}] "GET / HTTP/1.1"',
    ),
    (CustomFormat(apache='"%{X-Forwarded-For}i" %l %u %t "%r" %>s %b'), "", lambda ip: f'"{ip}" {LOG}'),
]
each_form = pytest.mark.parametrize(("form", "head", "written"), FORMS)


@each_form
def test_an_address_is_read_in_every_format(
    tmp_path: Path, form: CustomFormat | str, head: str, written: Callable[[str], str]
) -> None:
    """Two spellings are one visitor."""
    text = head + "".join(f"{written(ip)}\n" for ip in ADDRESSES)
    assert values(explained(tmp_path, text.encode(), site(format=form)), "ip") == list(ADDRESSES.values())


@each_form
def test_a_line_without_an_address_is_rejected_in_every_format(
    tmp_path: Path, form: CustomFormat | str, head: str, written: Callable[[str], str]
) -> None:
    """With a reason of its own, and its text is kept."""
    lines = [written(ip) for ip in NO_ADDRESSES]
    found = explained(tmp_path, (head + "".join(f"{each}\n" for each in lines)).encode(), site(format=form))
    assert (found.accounting.hits, found.accounting.rejected) == (0, {"bad address": len(lines)})
    assert [sample.text for sample in found.samples["bad address"]] == lines


def test_filters_see_the_address(tmp_path: Path) -> None:
    """However it is written."""
    lines = [line(ip=ip) for ip in ADDRESSES]
    excluded = {"192.0.2.7", "2001:db8::1"}
    found = reasons(explained(tmp_path, lines, site(Filters(exclude_ips=("192.0.2.7", "2001:db8::1")))))
    assert found == ["ip" if read in excluded else None for read in ADDRESSES.values()]


def test_a_host_name_counts_where_the_manifest_says_so(tmp_path: Path) -> None:
    """Apache's `HostnameLookups`: one visitor for each name, whatever its case; no other text."""
    lines = [line(ip=ip) for ip in ("Client-7.example.net", "192.0.2.7", "localhost", "unknown", "*", "a b")]
    found = explained(tmp_path, lines, site(client=ClientSettings(host_names=True)))
    assert values(found, "ip") == ["client-7.example.net", "192.0.2.7", "localhost"]


def test_a_log_of_host_names_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """However short it is: none of its lines has a client that can be told."""
    verdict = explained(tmp_path, [line(ip="client-7.example.net")] * 3).verdict
    assert verdict is not None
    assert "bad address" in verdict.what
    assert "client: {host_names: true}" in verdict.hint


def read(texts: list[str]) -> list[str | None]:
    query = f"SELECT {client_ip(None)} FROM (SELECT unnest(?) AS ip, '' AS real_ip, '' AS forwarded_for)"
    return [found for (found,) in duckdb.execute(query, [texts]).fetchall()]


@given(st.lists(st.ip_addresses(), min_size=1, max_size=100))
@settings(deadline=None, max_examples=20)
def test_every_spelling_of_an_address_is_the_canonical_one(addresses: list[ipaddress.IPv4Address]) -> None:
    """As Python's `ipaddress` writes it (RFC 5952)."""
    wanted = [str(getattr(address, "ipv4_mapped", None) or address) for address in addresses]
    assert read([str(address) for address in addresses]) == wanted
    assert read([address.exploded.upper() for address in addresses]) == wanted
    assert read([f"[{address}]:80" for address in addresses]) == wanted


ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.text("0123456789abcdefF:.%[], ")


@given(st.lists(ODD, min_size=1, max_size=100))
@settings(deadline=None, max_examples=30)
def test_what_is_read_is_an_address_or_nothing(texts: list[str]) -> None:
    """Whatever the text."""
    for found in read(texts):
        assert found is None or str(ipaddress.ip_address(found)) == found
