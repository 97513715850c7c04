"""The API methods about the server, its sites and the token: to find site ids, and for the checks of `mtc doctor`."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from mtc.core.errors import PermanentError, TransientError
from mtc.core.sanitize import valid_unicode
from mtc.matomo.api import Call, bulk, call, fetch, parse_reply
from mtc.matomo.client import MatomoClient, NotMatomoError, TokenRefusedError, UnknownSiteError
from mtc.matomo.http_reply import http_date

_VERSION = "API.getMatomoVersion"
_BY_URL = "SitesManager.getSitesIdFromSiteUrl"


@dataclass(frozen=True, slots=True)
class SiteInfo:
    """A site's settings in Matomo, which makes no reports of days before `created`; None if the date is unknown."""

    id: int
    name: str
    main_url: str
    timezone: str
    created: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Rights:
    """The site ids that the token may view and write to. A super user may do everything."""

    superuser: bool
    view: frozenset[int]
    write: frozenset[int]

    def may_write(self, site_id: int) -> bool:
        """Whether the token may track hits of the past for the site."""
        return self.superuser or site_id in self.write


def site_id(client: MatomoClient, url: str) -> int:
    """Find the id of the site with an address: the exact address first, then its host.

    Raises:
        PermanentError: no site that the token may see has that address, or several have it.
        StepError: the server did not answer, or with an error.
    """
    host = urlsplit(url if "//" in url else f"//{url}").netloc
    for address in dict.fromkeys((url, host)):
        ids = _ids(call(client, _BY_URL, url=address)) if address else frozenset()
        if len(ids) == 1:
            return next(iter(ids))
        if ids:
            numbers = ", ".join(map(str, sorted(ids)))
            raise PermanentError(
                f"several sites of Matomo have the address {client.server.quote(url)}: {numbers}",
                where=client.server.url,
                hint="write the right one as the site's matomo_id",
            )
    raise PermanentError(
        f"no site of Matomo has the address {client.server.quote(url)}, or the token may not see it",
        where=client.server.url,
        hint="write the site's matomo_id, add the address to the site in Matomo, or give the token's user access to it",
    )


def site_info(client: MatomoClient, site_id: int) -> SiteInfo | None:
    """Read the settings of the site with that id; None if there is no such site.

    Raises:
        NoRightError: the token may not see it, or there is no such site, which only a super user gets to know.
        StepError: the server did not answer, or with another error.
    """
    try:
        answer = call(client, "SitesManager.getSiteFromId", idSite=site_id)
    except UnknownSiteError:
        return None
    found = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(found, dict) or "timezone" not in found:
        return None
    name, main_url, zone = (valid_unicode(str(found.get(key, ""))) for key in ("name", "main_url", "timezone"))
    return SiteInfo(site_id, name, main_url, zone, _date(found.get("ts_created")))


def _date(value: object) -> dt.date | None:
    """Parse the date of `2010-01-01 00:00:00`."""
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def version(client: MatomoClient) -> str:
    """Read Matomo's version, like `5.1.2`.

    Raises:
        StepError: the server did not answer, or with an error, or not as Matomo does.
    """
    answer = call(client, _VERSION)
    if not isinstance(answer, str) or not answer[:1].isdigit():
        raise NotMatomoError(
            "the server that answers is not a Matomo",
            where=client.server.url,
            hint="correct matomo.url: the folder that holds index.php",
        )
    return client.server.quote(answer)


def rights(client: MatomoClient) -> Rights:
    """Read what the token may do.

    Raises:
        StepError: the server did not answer, or does not accept the token.
    """
    methods = ("getSitesIdWithAtLeastViewAccess", "getSitesIdWithWriteAccess", "getSitesIdWithAdminAccess")
    calls = [Call(f"SitesManager.{method}") for method in methods]
    answers = bulk(client, [*calls, Call("SitesManager.getAllSites", (("filter_limit", 1),))])
    for answer in answers:
        if isinstance(answer, TransientError | TokenRefusedError):
            raise answer
    view, write, admin = (_ids(answer) for answer in answers[:3])
    return Rights(isinstance(answers[3], list | dict), view | write | admin, write | admin)


def clock_skew(client: MatomoClient, clock: Callable[[], dt.datetime]) -> dt.timedelta | None:
    """Measure how far the server's clock is ahead of ours, to a second or two; None without a `date` header.

    Raises:
        StepError: the server did not answer, or with an error.
    """
    before = clock()
    reply = fetch(client, _VERSION)
    after = clock()
    parse_reply(reply, client.server)
    server_time = http_date(reply.headers.get("date", ""))
    return None if server_time is None else server_time - (before + (after - before) / 2)


def _ids(answer: object) -> frozenset[int]:
    """The site ids in `[1, "2"]` or `[{"idsite": 1}]`; none in anything else, such as an error."""
    items: Iterable[object] = answer if isinstance(answer, list) else ()
    values = (item.get("idsite") if isinstance(item, dict) else item for item in items)
    return frozenset(int(text) for text in map(str, values) if text.isascii() and text.isdigit())
