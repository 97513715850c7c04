"""What stands in front of a line where a virtual host would, and fields in another order than the format's."""

from pathlib import Path

import pytest
from in_hand import CHROME, explained, line, site, values

from mtc.formats.settings import ClientSettings

FORWARDED = ClientSettings(**{"from": ["forwarded_for", "ip"]})
PROXIED = [f"198.51.100.{number} {line(ip='10.0.0.2')}" for number in range(1, 6)]


@pytest.mark.parametrize(
    "front",
    [
        "https",
        "DE",
        "HIT",
        "BYPASS",
        "9f86d081884c7d659a2feaa0c55ad015",
        "c0ffee00-1111-4222-8333-444455556666",
        "ZpQ0AH8AAQEAAC7kXw4AAAAB",
    ],
)
def test_what_is_no_host_is_not_taken_for_one(front: str, tmp_path: Path) -> None:
    """Schemes, countries, answers of a cache and numbers of requests: the layout has to be told."""
    error = explained(tmp_path, [f"{front} {line()}"] * 3).error
    assert error is not None
    assert "no known format reads this file" in str(error)


@pytest.mark.parametrize("host", ["www.example.org", "localhost", "web1", "4d5e6f7a8b9c", "a-name-of-a-service-inside"])
def test_names_without_a_dot_are_hosts(host: str, tmp_path: Path) -> None:
    """A machine's name, or that of a container, is what Apache writes without a ServerName."""
    assert values(explained(tmp_path, [f"{host} {line()}"] * 3), "host") == [host] * 3


def test_addresses_of_clients_in_front_are_no_hosts(tmp_path: Path) -> None:
    """`%{X-Forwarded-For}i %h %l %u`: it is told, and read where the manifest asks for it."""
    found = explained(tmp_path, PROXIED)
    assert values(found, "host") == [None] * 5
    assert values(found, "ip") == ["10.0.0.2"] * 5
    (note,) = found.choices[0].notes
    assert "client: {from: [forwarded_for, ip]}" in str(note)


def test_addresses_of_clients_in_front_are_the_clients(tmp_path: Path) -> None:
    """Where there is none, the address behind it is."""
    found = explained(tmp_path, [*PROXIED, f"- {line(ip='203.0.113.9')}"], site(client=FORWARDED))
    assert values(found, "ip") == [*(f"198.51.100.{number}" for number in range(1, 6)), "203.0.113.9"]


def test_a_server_that_is_called_by_its_address_is_a_host(tmp_path: Path) -> None:
    """One address, or a few, in front of many clients."""
    lines = [f"203.0.113.{5 + number % 3}:80 {line(ip=f'192.0.2.{number}')}" for number in range(1, 7)]
    assert values(explained(tmp_path, lines), "host") == [f"203.0.113.{5 + number % 3}" for number in range(1, 7)]


def test_a_user_agent_in_place_of_the_referrer_is_refused(tmp_path: Path) -> None:
    """Robots would be visitors, that come from a site called Mozilla."""
    swapped = line(referrer=CHROME, agent="https://www.example.org/")
    error = explained(tmp_path, [swapped] * 3).error
    assert error is not None
    assert "no known format reads this file" in str(error)


def test_a_referrer_that_somebody_made_up_spoils_nothing(tmp_path: Path) -> None:
    """It is one line of many."""
    assert (
        values(explained(tmp_path, [line(), line(referrer=CHROME), line(referrer=CHROME, agent="x")]), "status")
        == [200] * 3
    )
