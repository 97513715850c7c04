"""Lets another process control the server over HTTP, under `/_...`, if the settings allow it."""

import dataclasses
import json
from collections.abc import Mapping

from tests.fake_matomo.backend import Backend
from tests.fake_matomo.faults import Fault, Place
from tests.fake_matomo.responses import NOT_FOUND, RESTARTED, Response, document


def look(backend: Backend, path: str, params: Mapping[str, str]) -> Response:
    """Answer `GET /_hits?site=1`, `/_visits?site=1`, `/_doubles`, `/_posts`."""
    site = int(params["site"]) if params.get("site", "").isdecimal() else None
    if path == "/_hits":
        return document([dataclasses.asdict(hit) for hit in backend.store.hits(site)])
    if path == "/_visits":
        return document(_visits(backend, site))
    if path == "/_doubles":
        return document([{"site": key[0], "pv_id": key[1], "times": n} for key, n in backend.store.doubles().items()])
    if path == "/_posts":
        traffic = backend.traffic
        result = {
            "bulks": traffic.bulks,
            "requests": traffic.requests,
            "peak": traffic.peak,
            "calls": dict(traffic.calls),
        }
        return document(result | {"faults": {fault.value: n for fault, n in backend.faults.happened.items()}})
    return NOT_FOUND


def _visits(backend: Backend, site: int | None) -> list[dict[str, object]]:
    return [
        {
            "id": visit.id,
            "site": visit.site,
            "day": visit.day.isoformat(),
            "visitor": visit.visitor,
            "first": visit.first,
            "last": visit.last,
            "seconds": visit.seconds,
            "pv_ids": [hit.pv_id for hit in visit.hits],
        }
        for visit in backend.store.visits(site)
    ]


def order(backend: Backend, path: str, body: bytes) -> Response:
    """Answer `POST /_fault` and `POST /_restart`.

    A fault is `{"fault": NAME, "count": 1, "on": "tracking", "seconds": 1, "hit": null, "retry_after": "1"}`, with
    `"always": true` for all to come; `{"chance": {NAME: 0.1}, "seed": 1}` is by chance; `{"clear": true}` ends all.
    """
    if path == "/_restart":
        return RESTARTED
    if path != "/_fault":
        return NOT_FOUND
    try:
        _plan(backend, json.loads(body))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return document({"error": f"{type(error).__name__}: {error}"}, 400)
    return document({"ok": True})


def _plan(backend: Backend, asked: Mapping[str, object]) -> None:
    values = dict(asked)
    place = Place(str(values.pop("on", Place.TRACKING)))
    if values.pop("clear", False):
        backend.faults.clear()
    chance = values.pop("chance", None)
    if isinstance(chance, dict):
        chances = {Fault(name): float(odds) for name, odds in chance.items()}
        seed = int(str(values.pop("seed", 1)))
        backend.faults.chance(seed, chances, on=place, seconds=float(str(values.pop("seconds", 0.2))))
    if "fault" in values:
        fault = Fault(str(values.pop("fault")))
        do = backend.faults.always if values.pop("always", False) else backend.faults.next
        do(fault, on=place, **values)  # type: ignore[arg-type] # a wrong name or type comes back as an error
    elif values:
        raise ValueError(f"not understood: {', '.join(values)}")
