"""Matomo in a manifest: server names are normalised, secrets are hidden, and sites may be excluded."""

from pathlib import Path

import pytest

from mtc.manifest.load import load
from mtc.manifest.nodes import is_secret
from mtc.matomo.server_address import server_name

TEXT = """\
version: 1
source: {url: "logs/{site}/{date:%F}*"}
matomo: {url: "https://stats.example.org/", token: "${TOKEN}"}
sites: {docs: {matomo_id: 1}, shop: {url: "https://shop.example.org"}, test: {matomo: false}}
"""


@pytest.mark.parametrize(
    "url",
    [
        "https://stats.example.org", "http://stats.example.org/", "https://STATS.example.org/index.php",
        "http://stats.example.org:80/matomo.php", "https://stats.example.org:443/piwik.php", "HTTPS://ada:x@stats.example.org",
    ],
)  # fmt: skip
def test_spellings_of_an_address_are_one_server(url: str) -> None:
    """Hits must not be delivered twice because the address is written differently."""
    assert server_name(url) == "stats.example.org"


@pytest.mark.parametrize("url", ["https://stats.example.org:8443", "https://example.org/stats", "https://other.org"])
def test_other_ports_or_paths_are_other_servers(url: str) -> None:
    """Each of them may be another Matomo."""
    assert server_name(url) != "stats.example.org"


def test_a_site_may_be_excluded_from_matomo(tmp_path: Path) -> None:
    """Its statistics then come from the warehouse."""
    (tmp_path / "m.yaml").write_text(TEXT)
    sites = load(tmp_path / "m.yaml", environ={"TOKEN": "x"}).sites
    assert [(name, site.matomo is not None, site.answers) for name, site in sites.items()] == [
        ("docs", True, "matomo"),
        ("shop", True, "matomo"),
        ("test", False, "warehouse"),
    ]


def test_statistics_may_come_from_the_warehouse_despite_delivery(tmp_path: Path) -> None:
    """The setting is `stats: {from: warehouse}`."""
    (tmp_path / "m.yaml").write_text(TEXT + "stats: {from: warehouse}\n")
    assert load(tmp_path / "m.yaml", environ={"TOKEN": "x"}).sites["docs"].answers == "warehouse"


@pytest.mark.parametrize(
    ("key", "secret"), [("token", True), ("password", True), ("unknown", True), ("url", False), ("settle", False)]
)
def test_credentials_are_secret_and_other_settings_are_not(key: str, *, secret: bool) -> None:
    """An unknown key may be a misspelt credential."""
    assert is_secret(("matomo", key)) is secret
    assert is_secret(("environments", "staging", "matomo", key)) is secret
