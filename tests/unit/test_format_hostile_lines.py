"""Clients write what they like into a line: one of them must not change how the others are read."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from in_hand import CHROME, explained, line, site, values

from mtc.formats.settings import ClientSettings

FORWARDED = site(client=ClientSettings(**{"from": ["forwarded_for", "ip"]}))
ODD = ("shop.example.net", "[2001:db8::66]:443", "<script>", "999.1.1.1")


def main(forwarded: str) -> str:
    """The layout `main` of nginx."""
    return f'{line(ip="10.0.0.2")} "{forwarded}"'


def loose(forwarded: str) -> str:
    """A logger's JSON, with keys of its own."""
    read = {"when": "2026-05-01T12:00:00Z", "clientIp": "10.0.0.2", "verb": "GET", "url": "/", "statusCode": 200}
    return json.dumps({**read, "userAgent": CHROME, "xForwardedFor": forwarded})


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("logged", [main, loose], ids=["main", "JSON"])
def test_one_forwarded_address_that_is_none_hides_no_other(
    odd: str, logged: Callable[[str], str], tmp_path: Path
) -> None:
    """Neither is it taken for a host, nor does every client become the proxy."""
    found = explained(tmp_path, [logged(f"192.0.2.{number}") for number in range(1, 9)] + [logged(odd)], FORWARDED)
    assert values(found, "ip")[:8] == [f"192.0.2.{number}" for number in range(1, 9)]
    assert values(found, "host") == [None] * 9


def test_a_host_behind_most_lines_is_still_the_host(tmp_path: Path) -> None:
    """Some clients name none."""
    lines = [f'{line()} "shop.example.net"'] * 4 + [f'{line()} "-"'] * 2
    assert values(explained(tmp_path, lines), "host") == [*["shop.example.net"] * 4, None, None]


@pytest.mark.parametrize(("method", "url"), [("get", "/"), ("GET", "no/target"), ("GET", "?x"), ("\x16\x03", "\x01")])
def test_one_request_that_is_none_hides_no_other(method: str, url: str, tmp_path: Path) -> None:
    """It is rejected by itself."""
    read = {"when": "2026-05-01T12:00:00Z", "clientIp": "192.0.2.1", "statusCode": 200, "userAgent": CHROME}
    lines = [json.dumps({**read, "verb": "GET", "url": f"/{number}"}) for number in range(5)]
    found = explained(tmp_path, [*lines, json.dumps({**read, "verb": method, "url": url})])
    assert values(found, "path") == [f"/{number}" for number in range(5)]
    assert found.accounting.rejected == {"no request": 1}
