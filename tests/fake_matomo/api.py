"""The API's front: tokens, the table of methods, several calls in one, and errors as the server words them."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from tests.fake_matomo import directory
from tests.fake_matomo.answers import Answer, document, page
from tests.fake_matomo.calls import Call
from tests.fake_matomo.failures import ApiError, NoAccessError, missing, no_method
from tests.fake_matomo.live import last_visits
from tests.fake_matomo.reports import SUMMARIES, TABLES, report
from tests.fake_matomo.world import World

METHODS: dict[str, Callable[[Call], object]] = {
    "API.getMatomoVersion": directory.version,
    "CoreAdminHome.invalidateArchivedReports": directory.invalidate,
    "Live.getLastVisitsDetails": last_visits,
    "SitesManager.getAllSites": directory.all_sites,
    "SitesManager.getSiteFromId": directory.site_from_id,
    "SitesManager.getSitesIdFromSiteUrl": directory.sites_from_url,
    "SitesManager.getSitesIdWithAdminAccess": directory.admin,
    "SitesManager.getSitesIdWithAtLeastViewAccess": directory.at_least_view,
    "SitesManager.getSitesIdWithWriteAccess": directory.only_write,
    "SitesManager.updateSite": directory.update_site,
    "UsersManager.hasSuperUserAccess": directory.is_super,
    **dict.fromkeys((*SUMMARIES, *TABLES), report),
}
"""Every method but `API.getBulkRequest`."""

NO_TOKEN = document({"result": "error", "message": "You must be logged in to access this functionality."}, 401)
BAD_TOKEN = page(401, "Unable to authenticate with the provided token. It is either invalid, or expired.")
_PLACE = re.compile(r"urls\[(\d+)\]")


def answer(world: World, params: Mapping[str, str]) -> Answer:
    """Answer one request to `index.php`."""
    token = params.get("token_auth", "")
    if params.get("module") != "API":
        return page(200, "Sign in")
    refused = _refused(world, token)
    return refused or _call(world, params, token)


def _refused(world: World, token: str) -> Answer | None:
    if not token:
        return NO_TOKEN
    return None if world.rights.known(token) else BAD_TOKEN


def _call(world: World, params: Mapping[str, str], token: str) -> Answer:
    if params.get("format", "").lower() != "json":
        return document({"result": "error", "message": "This server answers in JSON only; ask with format=JSON."})
    if params.get("method") == "API.getBulkRequest":
        world.traffic.called("API.getBulkRequest")
        return document([_called(world, _inner(text), token) for text in _urls(params)])
    try:
        return document(_answered(world, params, token))
    except ApiError as error:
        status = 401 if isinstance(error, NoAccessError) else 200
        return document({"result": "error", "message": str(error)}, status)


def _called(world: World, params: Mapping[str, str], token: str) -> object:
    """What a call among several gives, or its error in its place."""
    try:
        return _answered(world, params, token)
    except ApiError as error:
        return {"result": "error", "message": str(error)}


def _answered(world: World, params: Mapping[str, str], token: str) -> object:
    method = params.get("method", "")
    world.traffic.called(method)
    return _method(method)(Call(world, method, params, token))


def _method(name: str) -> Callable[[Call], object]:
    if not name:
        raise missing("method")
    if name not in METHODS:
        module, _, method = name.partition(".")
        raise no_method(module, method)
    return METHODS[name]


def _urls(params: Mapping[str, str]) -> list[str]:
    found = {int(match[1]): value for name, value in params.items() if (match := _PLACE.fullmatch(name))}
    return [found[place] for place in sorted(found)]


def _inner(text: str) -> dict[str, str]:
    """The parameters of one of several calls; only the token is shared with the outer one."""
    return dict(parse_qsl(text.lstrip("?"), keep_blank_values=True))
