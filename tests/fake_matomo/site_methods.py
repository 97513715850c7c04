"""The API methods about the server, its sites and rights, and the one that invalidates reports."""

import datetime as dt

from tests.fake_matomo.api_call import ApiCall, ApiError, no_method, read_day
from tests.fake_matomo.settings import SEARCH_PARAMETERS, Role, Site
from tests.fake_matomo.tables import Row


def version(call: ApiCall) -> object:
    """`API.getMatomoVersion`."""
    return {"value": call.backend.settings.version}


def is_super(call: ApiCall) -> object:
    """`UsersManager.hasSuperUserAccess`."""
    return {"value": call.backend.rights.is_super(call.token)}


def sites_from_url(call: ApiCall) -> object:
    """`SitesManager.getSitesIdFromSiteUrl`: those that the token may see. A bare host is enough."""
    address = _bare(call.need("url"))
    sites = (site for site in call.backend.settings.sites if address in {_bare(url) for url in site.urls})
    return [{"idsite": site.id} for site in sites if call.backend.rights.may_view(call.token, site.id)]


def site_from_id(call: ApiCall) -> object:
    """`SitesManager.getSiteFromId`."""
    return _site(call, call.site())


def update_site(call: ApiCall) -> object:
    """`SitesManager.updateSite`, for a super user; of its parameters only `startDate`."""
    _only_super(call)
    site = call.site()
    call.backend.store.create(site.id, _day(call, call.need("startDate")))
    return {"result": "success", "message": "ok"}


def all_sites(call: ApiCall) -> object:
    """`SitesManager.getAllSites`, for a super user."""
    _only_super(call)
    return [_site(call, site) for site in call.backend.settings.sites]


def at_least_view(call: ApiCall) -> object:
    """`SitesManager.getSitesIdWithAtLeastViewAccess`."""
    return sorted(call.backend.rights.sites(call.token, Role.VIEW, Role.WRITE, Role.ADMIN))


def only_write(call: ApiCall) -> object:
    """`SitesManager.getSitesIdWithWriteAccess`: of that role and no other; nothing for a super user."""
    return [] if call.backend.rights.is_super(call.token) else sorted(call.backend.rights.sites(call.token, Role.WRITE))


def admin(call: ApiCall) -> object:
    """`SitesManager.getSitesIdWithAdminAccess`."""
    return sorted(call.backend.rights.sites(call.token, Role.ADMIN))


def invalidate(call: ApiCall) -> object:
    """`CoreAdminHome.invalidateArchivedReports`, for a super user."""
    _only_super(call)
    sites = [_known(call, text.strip()) for text in call.need("idSites").split(",")]
    days = [(text, _day(call, text)) for text in call.need("dates").split(",")]
    for site in sites:
        for _, day in days:
            call.backend.archive.invalidate(site.id, day)
    dates = ", ".join(text for text, _ in days)
    return [f"Success. The following dates were invalidated successfully: {dates}"]


def _day(call: ApiCall, text: str) -> dt.date:
    return read_day(text.strip(), dt.datetime.fromtimestamp(call.backend.clock.now(), dt.UTC).date())


def _known(call: ApiCall, text: str) -> Site:
    site = call.backend.site(int(text)) if text.isascii() and text.isdigit() else None
    if site is None:
        raise ApiError("No valid website was given to invalidate.")
    return site


def _only_super(call: ApiCall) -> None:
    if not call.backend.rights.is_super(call.token):
        module, _, method = call.method.partition(".")
        raise no_method(module, method)


def _bare(url: str) -> str:
    return url.strip().lower().partition("://")[2 if "://" in url else 0].rstrip("/").removeprefix("www.")


def _site(call: ApiCall, site: Site) -> Row:
    return {
        "idsite": site.id,
        "name": site.name,
        "main_url": site.urls[0].rstrip("/"),
        "ts_created": f"{call.backend.store.created(site.id)} 00:00:00",
        "ecommerce": 0,
        "sitesearch": int(bool(site.search_parameters)),
        "sitesearch_keyword_parameters": ""
        if site.search_parameters == SEARCH_PARAMETERS
        else ",".join(site.search_parameters),
        "sitesearch_category_parameters": "",
        "timezone": site.timezone,
        "currency": "EUR",
        "exclude_unknown_urls": 0,
        "excluded_ips": "",
        "excluded_parameters": "",
        "excluded_user_agents": "",
        "excluded_referrers": "",
        "group": "",
        "type": "website",
        "keep_url_fragment": 0,
        "creator_login": "super user was set",
        "timezone_name": site.timezone,
        "currency_name": "Euro",
    }
