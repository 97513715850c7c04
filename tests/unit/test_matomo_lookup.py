"""Looking up stored hits in a list of visits like that of Live: ordered by last action, with some actions missing."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from pydantic import SecretStr
from scripted_http import Answer, Asked, as_json, html, running

from mtc.core.errors import TransientError
from mtc.matomo.client import MatomoClient, NotMatomoError, Server
from mtc.matomo.lookup import Probe, Stored, glance, stored

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 5, 1, tzinfo=UTC)

Actions = list[tuple[float, str]] | list[tuple[int, str]]


@dataclass
class Log:
    """The visits of a Matomo, lists of (minute of the day, pv_id); Live shows at most `listed` actions of each."""

    visits: Sequence[Actions]
    listed: int = 500
    asked: list[dict[str, str]] = field(default_factory=list)
    before_page: Callable[["Log"], None] = lambda _: None

    def answer(self, asked: Asked) -> Answer:
        form = asked.form
        self.asked.append(form)
        self.before_page(self)
        day = datetime.fromisoformat(form["date"]).replace(tzinfo=UTC)
        rows = sorted((self._row(visit) for visit in self.visits if visit), key=lambda row: row["lastActionTimestamp"])
        after, limit = int(form["minTimestamp"]), int(form["filter_limit"])
        end = (day + timedelta(days=1)).timestamp()
        shown = [row for row in rows if max(after + 1, day.timestamp()) <= row["lastActionTimestamp"] <= end]
        assert form["filter_sort_order"] == "asc"
        return as_json(shown if limit < 0 else shown[:limit])

    def _row(self, visit: Actions) -> dict[str, Any]:
        times = [int((START + timedelta(minutes=minute)).timestamp()) for minute, _ in visit]
        details = [{"type": "action", "idpageview": pv_id, "timestamp": 1} for _, pv_id in visit]
        return {
            "idVisit": 1,
            "firstActionTimestamp": times[0],
            "lastActionTimestamp": times[-1],
            "actions": str(len(visit)),
            "actionDetails": details[: self.listed],
        }


@contextmanager
def lookup_with(answer: Callable[[Asked], Answer]) -> Iterator[MatomoClient]:
    with running(answer) as script:
        server = Server(script.url, SecretStr("0123456789abcdef"), timeout=5)
        with MatomoClient(server, environ={}) as client:
            yield client


def probe(minute: float, pv_id: str) -> Probe:
    return Probe(pv_id, START + timedelta(minutes=minute))


def is_seen(log: Log, *probes: Probe) -> bool:
    with lookup_with(log.answer) as (client):
        return glance(client, 1, UTC_ZONE, probes)


def look(log: Log, *hits: Probe) -> Stored:
    with lookup_with(log.answer) as (client):
        return stored(client, 1, UTC_ZONE, hits)


def is_found(log: Log, *hits: Probe) -> bool:
    """Whether all hits are found and none may be hidden."""
    found = look(log, *hits)
    assert found.hidden == frozenset()
    return found.found == {hit.pv_id for hit in hits}


def test_a_probe_is_found_near_its_time_with_one_small_request() -> None:
    """In the usual case one call for five visits is enough."""
    log = Log([[(minute, f"pv{minute}"), (minute + 1, f"x{minute}")] for minute in range(500)])
    assert is_seen(log, probe(200, "pv200"))
    assert len(log.asked) == 1
    asked = log.asked[0]
    assert (asked["period"], asked["date"], asked["filter_limit"]) == ("day", "2026-05-01", "5")
    assert int(asked["minTimestamp"]) == (START + timedelta(minutes=200)).timestamp() - 1


def test_a_missing_hit_is_not_found() -> None:
    """The answer is given only after all visits that may contain it were read."""
    log = Log([[(minute, f"pv{minute}")] for minute in range(300)])
    assert not is_found(log, probe(100, "none"))
    assert len(log.asked) > 2


def test_a_probe_in_a_visit_of_several_hours_is_found() -> None:
    """Live orders by last action: visits that start after the hit may be listed before its own visit."""
    long = [(float(minute), f"long{minute}") for minute in range(0, 400, 10)]
    log = Log([long, *[[(minute, f"pv{minute}")] for minute in range(390)]])
    assert is_found(log, probe(50, "long50"))
    assert not is_seen(log, probe(50, "long50"))


def test_one_stored_probe_is_enough_for_the_batch() -> None:
    """The first probe may be a hit that Matomo did not store."""
    log = Log([[(minute, f"pv{minute}")] for minute in range(100)])
    assert is_seen(log, probe(10, "left-out"), probe(20, "pv20"))
    assert not is_seen(log, probe(10, "left-out"))


def test_visits_that_move_during_the_look_up_hide_nothing() -> None:
    """Other lanes deliver meanwhile, and move the earliest visits to the end of the list."""

    def move(log: Log) -> None:
        for visit in log.visits[:60]:
            if len(visit) < 3:
                visit.append((500 + len(log.asked), "later"))
                break

    visits = [[(minute, f"pv{minute}")] for minute in range(60)]
    log = Log([*visits, [(0, "wanted"), (59.5, "end")]], before_page=move)
    assert is_found(log, probe(0, "wanted"))


def test_many_visits_that_end_in_one_second_are_all_read() -> None:
    """A larger page is requested if one page does not advance in time."""
    log = Log([[(10, f"pv{number}")] for number in range(700)])
    assert is_found(log, probe(10, "pv699"))
    assert not is_found(log, probe(10, "none"))


@given(some.lists(some.tuples(some.integers(0, 40), some.integers(0, 40)), min_size=1, max_size=60), some.data())
@settings(max_examples=15, deadline=None)
def test_stored_hits_are_found_and_missing_ones_are_not_for_any_visits(
    spans: list[tuple[int, int]], data: some.DataObject
) -> None:
    """This rule prevents duplicate hits."""
    visits = [[(first, f"a{number}"), (first + more, f"b{number}")] for number, (first, more) in enumerate(spans)]
    chosen = data.draw(some.sampled_from([hit for visit in visits for hit in visit]))
    log = Log(visits)
    assert is_found(log, probe(*chosen))
    assert not is_found(log, probe(chosen[0], "none"))


def test_a_partly_listed_visit_leaves_no_doubt_about_hits_at_other_times() -> None:
    """A hit before its first action cannot be part of it."""
    log = Log([[(minute, f"pv{minute}") for minute in range(100, 120)]], listed=5)
    assert not is_found(log, probe(50, "none"))


def test_possibly_hidden_hits_differ_from_missing_ones() -> None:
    """The former have no answer, as a wrong no would duplicate hits; the latter have a certain no."""
    log = Log([[(minute, f"pv{minute}") for minute in range(100, 120)]], listed=5)
    found = look(log, probe(101, "pv101"), probe(110, "pv110"), probe(50, "none"), probe(130, "later"))
    assert found == Stored(frozenset({"pv101"}), frozenset({"pv110"}))


def test_the_day_is_in_the_time_zone_of_the_site() -> None:
    """Half past eleven in London is the next day in Paris; two days are searched one after the other."""
    for question in (glance, stored):
        log = Log([])
        with lookup_with(log.answer) as (client):
            late = [probe(22 * 60 + 30, "a"), probe(12 * 60, "b")]
            assert not getattr(found := question(client, 1, ZoneInfo("Europe/Paris"), late), "found", found)
        assert {asked["date"] for asked in log.asked} == {"2026-05-01", "2026-05-02"}


def test_a_look_up_without_a_probe_is_refused() -> None:
    """It would answer "not stored" for everything."""
    with lookup_with(Log([]).answer) as (client), pytest.raises(ValueError, match="probe"):
        glance(client, 1, UTC_ZONE, [])


@pytest.mark.parametrize(
    "visit",
    [
        {"actionDetails": [{"idpageview": "wanted"}]},
        {
            "firstActionTimestamp": "x",
            "lastActionTimestamp": None,
            "actionDetails": [None, 3, {"idpageview": "wanted"}],
        },
        {"firstActionTimestamp": 1, "lastActionTimestamp": 2, "actionDetails": [{}, {"idpageview": "wanted"}]},
    ],
)
def test_odd_visits_are_read_as_far_as_possible(visit: dict[str, object]) -> None:
    """Values may be missing or of another type."""
    with lookup_with(lambda _: as_json([visit])) as (client):
        assert stored(client, 1, UTC_ZONE, [probe(0, "wanted")]).found == {"wanted"}


@pytest.mark.parametrize("visits", [[1], [{"actionDetails": "x", "actions": 5}]])
def test_unreadable_visits_prove_nothing(visits: list[object]) -> None:
    """They may contain the hit."""
    with lookup_with(lambda _: as_json(visits)) as (client):
        found = stored(client, 1, UTC_ZONE, [probe(0, "none")])
    assert found == Stored(frozenset(), frozenset({"none"}))


def test_unsorted_pages_are_read_completely() -> None:
    """The start of the next page cannot be derived from them."""
    rows = [
        {
            "firstActionTimestamp": 1,
            "lastActionTimestamp": 9 - number % 2,
            "actions": 1,
            "actionDetails": [{"idpageview": f"pv{number}"}],
        }
        for number in range(30)
    ]

    def answer(asked: Asked) -> Answer:
        limit = int(asked.form["filter_limit"])
        return as_json(rows if limit < 0 else rows[:limit])

    with lookup_with(answer) as (client):
        assert stored(client, 1, UTC_ZONE, [probe(0, "pv29")]).found == {"pv29"}


def test_a_server_that_always_lists_the_same_visits_is_not_asked_forever() -> None:
    """It ignores `minTimestamp`, and lists only known visits."""
    asked: list[Asked] = []
    row = {"firstActionTimestamp": 1, "lastActionTimestamp": 2, "actions": 1, "actionDetails": [{"idpageview": "pv"}]}

    def answer(one: Asked) -> Answer:
        asked.append(one)
        return as_json([row] * 7)

    with lookup_with(answer) as (client):
        assert not stored(client, 1, UTC_ZONE, [probe(0, "none")]).found
    assert len(asked) < 5


@pytest.mark.parametrize("answer", [html("", 503), as_json({"value": 1})])
def test_an_invalid_answer_is_an_error_and_never_a_no(answer: Answer) -> None:
    """The caller retries or stops."""
    with lookup_with(lambda _: answer) as (client), pytest.raises((TransientError, NotMatomoError)):
        stored(client, 1, UTC_ZONE, [probe(0, "none")])


def test_the_stored_hits_of_a_batch_are_found() -> None:
    """Some, none or all of them may be stored."""
    log = Log([[(minute, f"pv{minute}"), (minute + 100, f"x{minute}")] for minute in range(150)])
    there = [probe(10, "pv10"), probe(149, "pv149"), probe(249, "x149")]
    assert look(log, *there, probe(77, "lost")) == Stored(frozenset({"pv10", "pv149", "x149"}))
    assert look(log, *there).found == {"pv10", "pv149", "x149"}
    assert look(log, probe(77, "lost")) == Stored(frozenset())
    assert {asked["filter_limit"] for asked in log.asked} == {"100"}


def test_hits_of_several_days_are_looked_up_on_each_day() -> None:
    """A log may contain lines of two days."""
    log = Log([[(1430, "before"), (1435, "midnight")], [(1450, "after")]])
    assert look(log, probe(1435, "midnight"), probe(1450, "after")).found == {"midnight", "after"}
