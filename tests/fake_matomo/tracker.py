"""The tracker: parses the body of a bulk request; decides which of its entries are stored, counted only, or invalid."""

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from tests.fake_matomo.agents import agent_of
from tests.fake_matomo.clock import Clock, day_of
from tests.fake_matomo.hits import PV_ID_LENGTH, VISITOR_ID, Hit, counted_at, number, parameters, visitor_of
from tests.fake_matomo.referrers import lists_what_was_searched
from tests.fake_matomo.settings import Rights, Settings
from tests.fake_matomo.store import Loose, Store
from tests.fake_matomo.visits import Transaction

Entry = str | dict[str, str]
"""A request string (with its `?`), or parameters; an empty one is counted and not stored."""

_WORD = b'"requests"'


@dataclass(frozen=True, slots=True)
class Bulk:
    """A parsed body. `entries` lacks those that the server ignores, so that later entries have lower indices."""

    entries: tuple[Entry, ...] = ()
    token: str = field(default="", repr=False)
    image: bool = True


def is_bulk(body: bytes) -> bool:
    """Whether the server treats a body as a bulk request: it contains the word, and not at its very start."""
    return body.find(_WORD) > 0


def decode(body: bytes) -> Bulk | None:
    """Parse a body; None if it is not JSON with requests, which the server answers with success."""
    try:
        document = json.loads(body.decode("utf-8"))
    except ValueError:
        return None
    requests = document.get("requests") if isinstance(document, dict) else None
    if isinstance(requests, dict):
        requests = list(requests.values())
    if not isinstance(requests, list) or not requests:
        return None
    token = document.get("token_auth")
    image = str(document.get("send_image", "1")) != "0"
    return Bulk(tuple(_entries(requests)), token if isinstance(token, str) else "", image)


def _entries(requests: list[object]) -> list[Entry]:
    entries: list[Entry] = []
    for request in requests:
        if isinstance(request, str):
            if "?" in request:
                entries.append(request)
        elif isinstance(request, dict):
            entries.append({str(name): str(value) for name, value in request.items()})
        else:
            entries.append({})
    return entries


NO_ADDRESS = "0.0.0.0"
RECENT = 86400
"""Up to how many seconds ago a hit may lie without a token."""


@dataclass(slots=True)
class Tally:
    """What a bulk came to: how many were tracked, stored or not, and the places of the invalid ones.

    `deadlocked` says that its transaction was ended in the midst of it; `loose` are the hits that came after that and
    are in none.
    """

    tracked: int = 0
    invalid: list[int] = field(default_factory=list)
    deadlocked: bool = False
    loose: list[Loose] = field(default_factory=list)


class CrashError(Exception):
    """The server's own code fails over a hit: nothing of the bulk is kept, and nothing is said."""


class Refusal(Enum):
    """What becomes of an entry that is not stored."""

    COUNTED = "counted as tracked, and not stored"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a bulk: the token of its body, the address it comes from, and the user agent of the request."""

    token: str = field(repr=False)
    address: str
    agent: str = ""


class Tracker:
    """Judges entries, and hands those that count to a transaction."""

    def __init__(self, settings: Settings, rights: Rights, store: Store, clock: Clock) -> None:
        self._rights = rights
        self._store = store
        self._clock = clock
        self._zones = {site.id: site.timezone for site in settings.sites}
        self._refused = settings.refused

    def process(
        self, bulk: Bulk, caller: Caller, into: Transaction, *, deadlock: int | None = None, without: int | None = None
    ) -> Tally:
        """Go through a bulk, leaving out the entry `without`, which is lost and not counted.

        The database ends the transaction at the entry `deadlock`, or where it inserts what another one is inserting.
        """
        tally, now = Tally(), self._clock.now()
        for place, entry in enumerate(bulk.entries):
            if place == deadlock:
                self._roll_back(into, tally)
            if place == without:
                continue
            hit = self._judge(entry, place, caller, now)
            if hit is Refusal.INVALID:
                tally.invalid.append(place)
                continue
            tally.tracked += 1
            if isinstance(hit, Hit):
                self._keep(hit, into, now, tally)
        if deadlock is not None and not tally.deadlocked:
            self._roll_back(into, tally)
        return tally

    def knows(self, entry: Entry) -> bool:
        """Whether an entry is of a site that exists."""
        return number((_parameters(entry) or {}).get("idsite", "")) in self._zones

    def _keep(self, hit: Hit, into: Transaction, now: float, tally: Tally) -> None:
        zone = self._zones[hit.site]
        day = day_of(zone, hit.time)
        if day < day_of(zone, int(now)):
            self._store.mark((hit.site, day))
        if not tally.deadlocked and not self._store.first_of_day((hit.site, day), into):
            self._roll_back(into, tally)
        if tally.deadlocked:
            tally.loose.append((hit, day))
        else:
            into.add(hit, day)

    def _roll_back(self, into: Transaction, tally: Tally) -> None:
        tally.deadlocked = True
        self._store.roll_back(into)

    def _judge(self, entry: Entry, place: int, caller: Caller, now: float) -> Hit | Refusal:
        params = _parameters(entry)
        if not params or params.get("rec") != "1":
            return Refusal.COUNTED
        site = number(params.get("idsite", ""))
        if site not in self._zones or not self._allowed(params, site, caller, now):
            return Refusal.INVALID
        if self._refused and self._refused in params.get("url", ""):
            return Refusal.INVALID
        agent = params.get("ua", "") or caller.agent
        if params.get("bots") != "1" and agent_of(agent).bot:
            return Refusal.COUNTED
        if lists_what_was_searched(params.get("urlref", "")):
            raise CrashError
        return _hit(entry, {**params, "ua": agent}, site, place, counted_at(params.get("cdt", ""), now), caller.address)

    def _allowed(self, params: Mapping[str, str], site: int, caller: Caller, now: float) -> bool:
        if "cid" in params and not VISITOR_ID.fullmatch(params["cid"]):
            return False
        if self._rights.may_write(params.get("token_auth", caller.token), site):
            return True
        return "cip" not in params and counted_at(params.get("cdt", ""), now) > now - RECENT


def _parameters(entry: Entry) -> Mapping[str, str] | None:
    return parameters(entry) if isinstance(entry, str) else entry


def _hit(entry: Entry, params: Mapping[str, str], site: int, place: int, time: int, address: str) -> Hit:
    get = params.get
    agent = agent_of(get("ua", ""))
    ip = _address(get("cip", "")) if get("cip") else address
    visitor, forced = visitor_of(params)
    config = (ip, agent.os, agent.browser, agent.version, get("lang", ""))
    url, kind = (get("download", ""), "download") if get("download") else (get("url", ""), "action")
    return Hit(
        site, time, url, get("urlref", ""), kind, get("pv_id", "")[:PV_ID_LENGTH],
        ip, get("ua", ""), config, visitor, forced, get("action_name", ""), get("country", ""), place,
        entry if isinstance(entry, str) else str(entry),
    )  # fmt: skip


_ADDRESSES: dict[str, bool] = {}


def _address(text: str) -> str:
    """The address that is given; zeros where that is none."""
    valid = _ADDRESSES.get(text)
    if valid is None:
        valid = _ADDRESSES[text] = _is_address(text)
    return text if valid else NO_ADDRESS


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
