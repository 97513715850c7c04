"""Answers that come from in front of Matomo, whatever was asked: redirects, logins, web servers. No I/O."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from mtc.matomo.connection import Reply
from mtc.matomo.server import Server


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stands in the way, and the remedy."""

    reason: str
    hint: str


_BY_STATUS = {
    403: Obstacle(
        "access is denied (403)", "let this machine's address through to Matomo; check matomo.token's rights"
    ),
    404: Obstacle("there is no Matomo at this address (404)", "correct matomo.url: the folder that holds index.php"),
    405: Obstacle("the address takes no POST (405)", "correct matomo.url: the folder that holds index.php"),
    407: Obstacle("the proxy wants a login (407)", "write it into the proxy's variable, or set NO_PROXY"),
    410: Obstacle("there is no Matomo at this address (410)", "correct matomo.url: the folder that holds index.php"),
    413: Obstacle("the request is too large for the server (413)", "make matomo.batch smaller, or raise its limit"),
}


def obstacle(reply: Reply, server: Server) -> Obstacle | None:
    """What in front of Matomo turned the request away; None if nothing did."""
    if 300 <= reply.status < 400:  # noqa: PLR2004 - the statuses of redirects
        return _redirect(reply, server)
    if reply.status == 401 and "www-authenticate" in reply.headers:  # noqa: PLR2004 - HTTP's number
        return Obstacle(
            "the web server in front of Matomo wants a login (401)", "set matomo.username and matomo.password"
        )
    return _BY_STATUS.get(reply.status)


def _redirect(reply: Reply, server: Server) -> Obstacle:
    target = _target(reply.headers.get("location", ""))
    if not target:
        return Obstacle(f"the server redirects ({reply.status}) without a target", "correct matomo.url")
    shown = server.quote(target)
    return Obstacle(
        f"the server redirects ({reply.status}) to {shown}; the token was not sent there",
        f"if that is the right server, set matomo.url to {shown}",
    )


def _target(location: str) -> str:
    """Where a redirect leads, without a login, a query or one of Matomo's scripts."""
    try:
        parts = urlsplit(location.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    path = parts.path.removesuffix("/index.php").removesuffix("/matomo.php").removesuffix("/piwik.php")
    return f"{parts.scheme}://{host}{path}".rstrip("/") if host else path
