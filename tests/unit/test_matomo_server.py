"""Addresses, secrets and proxies are checked before a request is sent."""

import pytest
from pydantic import SecretStr

from mtc.core.errors import PermanentError
from mtc.matomo.client import Server
from mtc.matomo.server_address import Proxy, proxy_for

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("https://stats.example.org", "https://stats.example.org"),
        ("https://stats.example.org/", "https://stats.example.org"),
        ("HTTPS://Stats.Example.org:8443/index.php?module=API", "https://stats.example.org:8443"),
        ("http://example.org/a/matomo/matomo.php", "http://example.org/a/matomo"),
        ("http://example.org//piwik//piwik.php", "http://example.org/piwik"),
        ("http://[::1]:8080/x/", "http://[::1]:8080/x"),
    ],
)
def test_an_address_is_reduced_to_the_folder_of_the_scripts(written: str, kept: str) -> None:
    """People copy it from the browser or from the tracking code."""
    assert Server(written, SecretStr(TOKEN)).url == kept


@pytest.mark.parametrize(
    "url", ["stats.example.org", "ftp://stats.example.org", "http://", "http://x:port", "http://["]
)
def test_an_invalid_server_address_is_refused_with_an_example(url: str) -> None:
    """There is no traceback of the URL parser."""
    with pytest.raises(PermanentError, match="write it like https://"):
        Server(url, SecretStr(TOKEN))


def test_a_password_in_the_address_is_refused_and_not_shown() -> None:
    """Otherwise every message that names the server would contain it."""
    with pytest.raises(PermanentError) as caught:
        Server("https://me:hunter2@stats.example.org", SecretStr(TOKEN))
    assert "hunter2" not in str(caught.value)


def test_no_secret_is_in_the_repr() -> None:
    """Tracebacks and failing tests show the server."""
    server = Server("https://stats.example.org", SecretStr(TOKEN), username="me", password=SecretStr("hunter2"))
    assert TOKEN not in repr(server)
    assert "hunter2" not in repr(server)


def test_the_servers_text_is_quoted_without_secrets_tags_or_escape_sequences() -> None:
    """A server may echo the request, and its text is shown on a terminal."""
    server = Server("https://stats.example.org", SecretStr(TOKEN + "+/"), username="me", password=SecretStr("hunter2"))
    said = f"<b>bad</b> {TOKEN}+/ or {TOKEN}%2B%2F\x1b[2J\n{server.authorization} hunter2"
    assert server.quote(said) == "bad *** or ***\\x1b[2J Basic *** ***"
    assert len(server.quote("x" * 10_000)) <= 200
    assert len(server.quote("\x00" * 300)) <= 200


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://a.example.org", {}, None),
        ("https://a.example.org", {"HTTPS_PROXY": "http://p:3128"}, Proxy("http://p:3128")),
        ("https://a.example.org", {"https_proxy": "p:3128"}, Proxy("http://p:3128")),
        ("https://a.example.org", {"HTTP_PROXY": "http://p"}, None),
        ("http://a.example.org", {"http_proxy": "http://p", "HTTP_PROXY": "http://q"}, Proxy("http://p")),
        ("http://a.example.org", {"ALL_PROXY": "http://p"}, Proxy("http://p")),
        ("http://a.example.org", {"http_proxy": "http://p", "NO_PROXY": "x, example.org"}, None),
        ("http://a.example.org", {"http_proxy": "http://p", "NO_PROXY": ".example.org"}, None),
        ("http://a.example.org:81", {"http_proxy": "http://p", "NO_PROXY": "a.example.org:81"}, None),
        ("http://a.example.org:82", {"http_proxy": "http://p", "NO_PROXY": "a.example.org:81"}, Proxy("http://p")),
        ("http://an-example.org", {"http_proxy": "http://p", "NO_PROXY": "example.org"}, Proxy("http://p")),
        ("http://a.example.org", {"http_proxy": "http://p", "no_proxy": "*"}, None),
        ("http://a.example.org", {"http_proxy": "http://p", "no_proxy": ""}, Proxy("http://p")),
    ],
)
def test_the_proxy_comes_from_the_usual_variables(url: str, environ: dict[str, str], proxy: Proxy | None) -> None:
    """They have the same meaning as for curl and other tools."""
    assert proxy_for(url, environ) == proxy


def test_an_unsupported_proxy_is_refused_without_showing_its_password() -> None:
    """SOCKS needs a package that is not installed; the variable may contain a login."""
    with pytest.raises(PermanentError, match="NO_PROXY") as caught:
        proxy_for("https://a.example.org", {"https_proxy": "socks5://me:hunter2@p:1080"})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Proxy("http://p", "me:hunter2"))
