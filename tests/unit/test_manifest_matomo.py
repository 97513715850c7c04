"""What a manifest says of Matomo: a server keeps its name, secrets stay hidden, sites may stay out."""

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
def test_one_server_has_one_name(url: str) -> None:
    """Hits must not be delivered twice because its address is written in another way."""
    assert server_name(url) == "stats.example.org"


@pytest.mark.parametrize("url", ["https://stats.example.org:8443", "https://example.org/stats", "https://other.org"])
def test_other_servers_have_other_names(url: str) -> None:
    """Another port or path may be another Matomo."""
    assert server_name(url) != "stats.example.org"


def test_a_site_may_stay_out_of_matomo(tmp_path: Path) -> None:
    """Its statistics then come from the warehouse."""
    (tmp_path / "m.yaml").write_text(TEXT)
    sites = load(tmp_path / "m.yaml", environ={"TOKEN": "x"}).sites
    assert [(name, site.matomo is not None, site.answers) for name, site in sites.items()] == [
        ("docs", True, "matomo"),
        ("shop", True, "matomo"),
        ("test", False, "warehouse"),
    ]


def test_the_warehouse_may_answer_where_matomo_is_delivered_to(tmp_path: Path) -> None:
    """By `stats: {from: warehouse}`."""
    (tmp_path / "m.yaml").write_text(TEXT + "stats: {from: warehouse}\n")
    assert load(tmp_path / "m.yaml", environ={"TOKEN": "x"}).sites["docs"].answers == "warehouse"


@pytest.mark.parametrize(
    ("key", "secret"), [("token", True), ("password", True), ("unknown", True), ("url", False), ("settle", False)]
)
def test_what_signs_in_is_secret_and_what_a_reason_may_show_is_not(key: str, *, secret: bool) -> None:
    """An unknown key may be a misspelt one."""
    assert is_secret(("matomo", key)) is secret
    assert is_secret(("environments", "staging", "matomo", key)) is secret
