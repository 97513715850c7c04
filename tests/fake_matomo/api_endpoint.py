"""The API's front: tokens, the table of methods, several calls in one, and errors as the server words them."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from tests.fake_matomo import site_methods
from tests.fake_matomo.api_call import ApiCall, ApiError, NoAccessError, missing, no_method
from tests.fake_matomo.backend import Backend
from tests.fake_matomo.live import last_visits
from tests.fake_matomo.reports import SUMMARIES, TABLES, report
from tests.fake_matomo.responses import Response, document, page

METHODS: dict[str, Callable[[ApiCall], object]] = {
    "API.getMatomoVersion": site_methods.version,
    "CoreAdminHome.invalidateArchivedReports": site_methods.invalidate,
    "Live.getLastVisitsDetails": last_visits,
    "SitesManager.getAllSites": site_methods.all_sites,
    "SitesManager.getSiteFromId": site_methods.site_from_id,
    "SitesManager.getSitesIdFromSiteUrl": site_methods.sites_from_url,
    "SitesManager.getSitesIdWithAdminAccess": site_methods.admin,
    "SitesManager.getSitesIdWithAtLeastViewAccess": site_methods.at_least_view,
    "SitesManager.getSitesIdWithWriteAccess": site_methods.only_write,
    "SitesManager.updateSite": site_methods.update_site,
    "UsersManager.hasSuperUserAccess": site_methods.is_super,
    **dict.fromkeys((*SUMMARIES, *TABLES), report),
}
"""Every method but `API.getBulkRequest`."""

NO_TOKEN = document({"result": "error", "message": "You must be logged in to access this functionality."}, 401)
BAD_TOKEN = page(401, "Unable to authenticate with the provided token. It is either invalid, or expired.")
_PLACE = re.compile(r"urls\[(\d+)\]")


def answer(backend: Backend, params: Mapping[str, str]) -> Response:
    """Answer one request to `index.php`."""
    token = params.get("token_auth", "")
    if params.get("module") != "API":
        return page(200, "Sign in")
    refused = _refused(backend, token)
    return refused or _call(backend, params, token)


def _refused(backend: Backend, token: str) -> Response | None:
    if not token:
        return NO_TOKEN
    return None if backend.rights.known(token) else BAD_TOKEN


def _call(backend: Backend, params: Mapping[str, str], token: str) -> Response:
    if params.get("format", "").lower() != "json":
        return document({"result": "error", "message": "This server answers in JSON only; ask with format=JSON."})
    if params.get("method") == "API.getBulkRequest":
        backend.traffic.called("API.getBulkRequest")
        return document([_called(backend, _inner(text), token) for text in _urls(params)])
    try:
        return document(_answered(backend, params, token))
    except ApiError as error:
        status = 401 if isinstance(error, NoAccessError) else 200
        return document({"result": "error", "message": str(error)}, status)


def _called(backend: Backend, params: Mapping[str, str], token: str) -> object:
    """What a call among several gives, or its error in its place."""
    try:
        return _answered(backend, params, token)
    except ApiError as error:
        return {"result": "error", "message": str(error)}


def _answered(backend: Backend, params: Mapping[str, str], token: str) -> object:
    method = params.get("method", "")
    backend.traffic.called(method)
    return _method(method)(ApiCall(backend, method, params, token))


def _method(name: str) -> Callable[[ApiCall], object]:
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
