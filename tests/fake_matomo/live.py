"""`Live.getLastVisitsDetails`: the committed visits of a day with their actions, the first 500 of each."""

from tests.fake_matomo.agents import agent_of, device_name, system_name
from tests.fake_matomo.api_call import ApiCall, ApiError
from tests.fake_matomo.clock import local
from tests.fake_matomo.facts import kind_of, searched_for
from tests.fake_matomo.hits import Hit
from tests.fake_matomo.referrers import referrer_of, site_hosts, visit_referrer
from tests.fake_matomo.settings import Site
from tests.fake_matomo.store import SeenVisit
from tests.fake_matomo.tables import Row


def last_visits(call: ApiCall) -> object:
    """Answer the call; raises ApiError. `minTimestamp` leaves the visits whose last action came after it."""
    site = call.site()
    asked = call.days(site)
    if asked.is_range:
        raise ApiError("This server lists the visits of one day at a time.")
    after = call.number("minTimestamp", -1)
    visits = call.backend.store.visits(site.id, asked.days[0], after=after)
    falling = call.params.get("filter_sort_order", "desc") != "asc"
    visits.sort(key=lambda visit: (visit.last, visit.id), reverse=falling)
    settings = call.backend.settings
    return [_visit(site, visit, settings.action_limit, assistants=settings.assistants) for visit in call.cut(visits)]


def _visit(site: Site, visit: SeenVisit, limit: int, *, assistants: bool) -> Row:
    hits = sorted(visit.hits, key=lambda hit: hit.time)[:limit]
    return {
        "idSite": site.id,
        "idVisit": visit.id,
        "visitIp": _masked(visit.hits[0].ip),
        "visitorId": visit.visitor,
        "fingerprint": f"{hash(visit.hits[0].config) & (1 << 64) - 1:016x}",
        "actionDetails": [_action(site, hit, place) for place, hit in enumerate(hits, 1)],
        "goalConversions": 0,
        "siteCurrency": "EUR",
        "siteName": site.name,
        **_times(site, visit),
        "userId": visit.hits[0].visitor.removeprefix("user:") if visit.hits[0].visitor.startswith("user:") else None,
        "visitorType": "new",
        "visitConverted": 0,
        "visitCount": 1,
        "searches": sum(kind_of(site, hit) == "search" for hit in visit.hits),
        "actions": visit.actions,
        "interactions": visit.actions,
        **_referrer(site, visit.hits, assistants=assistants),
        **_agent(visit.hits[0]),
        "events": 0,
        "countryCode": visit.hits[0].country or "xx",
        "resolution": "unknown",
        "plugins": "",
        "pluginsIcons": None,
    }


def _action(site: Site, hit: Hit, place: int) -> Row:
    """An action; what it lacks is null, as on a real server."""
    kind = kind_of(site, hit)
    return {
        "type": kind,
        "url": None if kind == "search" else hit.url,
        **({"siteSearchKeyword": searched_for(hit.url, site.search_parameters)} if kind == "search" else {}),
        "pageTitle": hit.title or None,
        "pageIdAction": place,
        "idpageview": hit.pv_id or None,
        "serverTimePretty": f"{local(site.timezone, hit.time):%b %-d, %Y %H:%M:%S}",
        "pageId": place,
        "timeSpent": 0,
        "pageviewPosition": place,
        "title": hit.title or None,
        "subtitle": hit.url,
        "icon": "",
        "timestamp": hit.time,
    }


def _times(site: Site, visit: SeenVisit) -> Row:
    first, last = local(site.timezone, visit.first), local(site.timezone, visit.last)
    return {
        "serverDate": visit.day.isoformat(),
        "visitServerHour": f"{first.hour}",
        "lastActionTimestamp": visit.last,
        "lastActionDateTime": f"{last:%Y-%m-%d %H:%M:%S}",
        "serverTimestamp": visit.last,
        "firstActionTimestamp": visit.first,
        "serverTimePretty": f"{last:%H:%M:%S}",
        "serverTimePrettyFirstAction": f"{first:%H:%M:%S}",
        "visitDuration": visit.seconds,
    }


def _referrer(site: Site, hits: tuple[Hit, ...], *, assistants: bool) -> Row:
    hosts = site_hosts(site.urls)
    referrer = visit_referrer(referrer_of(hit.referrer, hit.url, hosts, assistants) for hit in hits)
    return {
        "referrerType": referrer.origin.word,
        "referrerTypeName": referrer.origin.label,
        "referrerName": referrer.name,
        "referrerKeyword": "",
        "referrerUrl": referrer.url or None,
    }


def _agent(hit: Hit) -> Row:
    agent = agent_of(hit.agent)
    return {
        "deviceType": device_name(agent),
        "operatingSystem": system_name(agent),
        "operatingSystemName": system_name(agent),
        "browser": f"{agent.browser} {agent.version}".strip(),
        "browserName": agent.browser,
        "browserVersion": agent.version,
    }


def _masked(address: str) -> str:
    """An address without its last two bytes, as the server keeps it by default."""
    if ":" in address:
        return ":".join(address.split(":")[:3]) + "::"
    return ".".join([*address.split(".")[:2], "0", "0"])
