"""Was it recorded? Against visits that are listed as Live lists them: by their last action, some actions missing."""

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
    """A Matomo's visits, each a list of (minute of the day, pv_id); `listed` is how many actions Live shows."""

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
def looking(answer: Callable[[Asked], Answer]) -> Iterator[MatomoClient]:
    with running(answer) as script:
        server = Server(script.url, SecretStr("0123456789abcdef"), timeout=5)
        with MatomoClient(server, environ={}) as client:
            yield client


def probe(minute: float, pv_id: str) -> Probe:
    return Probe(pv_id, START + timedelta(minutes=minute))


def is_seen(log: Log, *probes: Probe) -> bool:
    with looking(log.answer) as (client):
        return glance(client, 1, UTC_ZONE, probes)


def look(log: Log, *hits: Probe) -> Stored:
    with looking(log.answer) as (client):
        return stored(client, 1, UTC_ZONE, hits)


def is_found(log: Log, *hits: Probe) -> bool:
    """Whether all are; none of them hidden."""
    found = look(log, *hits)
    assert found.hidden == frozenset()
    return found.found == {hit.pv_id for hit in hits}


def test_a_probe_near_its_time_is_found_with_one_small_question() -> None:
    """The usual case costs one call of five visits."""
    log = Log([[(minute, f"pv{minute}"), (minute + 1, f"x{minute}")] for minute in range(500)])
    assert is_seen(log, probe(200, "pv200"))
    assert len(log.asked) == 1
    asked = log.asked[0]
    assert (asked["period"], asked["date"], asked["filter_limit"]) == ("day", "2026-05-01", "5")
    assert int(asked["minTimestamp"]) == (START + timedelta(minutes=200)).timestamp() - 1


def test_a_hit_that_is_not_there_is_not_found() -> None:
    """Only after everything that may hold it was read."""
    log = Log([[(minute, f"pv{minute}")] for minute in range(300)])
    assert not is_found(log, probe(100, "none"))
    assert len(log.asked) > 2


def test_a_probe_in_a_visit_that_goes_on_for_hours_is_found() -> None:
    """Live orders by the last action: visits that begin after the hit may come before the hit's own."""
    long = [(float(minute), f"long{minute}") for minute in range(0, 400, 10)]
    log = Log([long, *[[(minute, f"pv{minute}")] for minute in range(390)]])
    assert is_found(log, probe(50, "long50"))
    assert not is_seen(log, probe(50, "long50"))


def test_any_of_several_probes_answers_for_the_batch() -> None:
    """The first may be a hit that Matomo left out."""
    log = Log([[(minute, f"pv{minute}")] for minute in range(100)])
    assert is_seen(log, probe(10, "left-out"), probe(20, "pv20"))
    assert not is_seen(log, probe(10, "left-out"))


def test_visits_that_move_while_they_are_read_hide_nothing() -> None:
    """Other lanes deliver meanwhile: each page finds the earliest visits moved to the end."""

    def move(log: Log) -> None:
        for visit in log.visits[:60]:
            if len(visit) < 3:
                visit.append((500 + len(log.asked), "later"))
                break

    visits = [[(minute, f"pv{minute}")] for minute in range(60)]
    log = Log([*visits, [(0, "wanted"), (59.5, "end")]], before_page=move)
    assert is_found(log, probe(0, "wanted"))


def test_many_visits_that_end_in_one_second_are_all_read() -> None:
    """A page that does not get further in time is asked for larger."""
    log = Log([[(10, f"pv{number}")] for number in range(700)])
    assert is_found(log, probe(10, "pv699"))
    assert not is_found(log, probe(10, "none"))


@given(some.lists(some.tuples(some.integers(0, 40), some.integers(0, 40)), min_size=1, max_size=60), some.data())
@settings(max_examples=15, deadline=None)
def test_whatever_the_visits_a_stored_hit_is_found_and_another_is_not(
    spans: list[tuple[int, int]], data: some.DataObject
) -> None:
    """The rule that keeps hits from being doubled."""
    visits = [[(first, f"a{number}"), (first + more, f"b{number}")] for number, (first, more) in enumerate(spans)]
    chosen = data.draw(some.sampled_from([hit for visit in visits for hit in visit]))
    log = Log(visits)
    assert is_found(log, probe(*chosen))
    assert not is_found(log, probe(chosen[0], "none"))


def test_a_visit_that_is_listed_in_part_leaves_no_doubt_about_hits_at_other_times() -> None:
    """A hit before its first action cannot be in it."""
    log = Log([[(minute, f"pv{minute}") for minute in range(100, 120)]], listed=5)
    assert not is_found(log, probe(50, "none"))


def test_what_may_be_hidden_is_told_apart_from_what_is_not_there() -> None:
    """Neither yes nor no of the one, as a wrong no would double hits; a sure no of the other."""
    log = Log([[(minute, f"pv{minute}") for minute in range(100, 120)]], listed=5)
    found = look(log, probe(101, "pv101"), probe(110, "pv110"), probe(50, "none"), probe(130, "later"))
    assert found == Stored(frozenset({"pv101"}), frozenset({"pv110"}))


def test_the_day_is_that_of_the_sites_zone() -> None:
    """Half past eleven in London is the next day in Paris; two days are looked through in turn."""
    for question in (glance, stored):
        log = Log([])
        with looking(log.answer) as (client):
            late = [probe(22 * 60 + 30, "a"), probe(12 * 60, "b")]
            assert not getattr(found := question(client, 1, ZoneInfo("Europe/Paris"), late), "found", found)
        assert {asked["date"] for asked in log.asked} == {"2026-05-01", "2026-05-02"}


def test_a_look_up_without_a_probe_is_a_mistake() -> None:
    """It would say "not there" of anything."""
    with looking(Log([]).answer) as (client), pytest.raises(ValueError, match="probe"):
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
def test_odd_visits_are_read_as_far_as_they_go(visit: dict[str, object]) -> None:
    """Values are missing, or of another type."""
    with looking(lambda _: as_json([visit])) as (client):
        assert stored(client, 1, UTC_ZONE, [probe(0, "wanted")]).found == {"wanted"}


@pytest.mark.parametrize("visits", [[1], [{"actionDetails": "x", "actions": 5}]])
def test_visits_that_cannot_be_read_are_no_proof(visits: list[object]) -> None:
    """They may hold the hit."""
    with looking(lambda _: as_json(visits)) as (client):
        found = stored(client, 1, UTC_ZONE, [probe(0, "none")])
    assert found == Stored(frozenset(), frozenset({"none"}))


def test_pages_out_of_order_are_read_whole() -> None:
    """Then no page says where the next one begins."""
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

    with looking(answer) as (client):
        assert stored(client, 1, UTC_ZONE, [probe(0, "pv29")]).found == {"pv29"}


def test_a_server_that_always_lists_the_same_is_not_asked_for_ever() -> None:
    """It does not heed `minTimestamp`; what it lists has been seen."""
    asked: list[Asked] = []
    row = {"firstActionTimestamp": 1, "lastActionTimestamp": 2, "actions": 1, "actionDetails": [{"idpageview": "pv"}]}

    def answer(one: Asked) -> Answer:
        asked.append(one)
        return as_json([row] * 7)

    with looking(answer) as (client):
        assert not stored(client, 1, UTC_ZONE, [probe(0, "none")]).found
    assert len(asked) < 5


@pytest.mark.parametrize("answer", [html("", 503), as_json({"value": 1})])
def test_an_answer_that_is_none_is_an_error_and_never_a_no(answer: Answer) -> None:
    """The caller asks again, or stops."""
    with looking(lambda _: answer) as (client), pytest.raises((TransientError, NotMatomoError)):
        stored(client, 1, UTC_ZONE, [probe(0, "none")])


def test_which_hits_of_a_batch_are_stored() -> None:
    """Some, none or all of them."""
    log = Log([[(minute, f"pv{minute}"), (minute + 100, f"x{minute}")] for minute in range(150)])
    there = [probe(10, "pv10"), probe(149, "pv149"), probe(249, "x149")]
    assert look(log, *there, probe(77, "lost")) == Stored(frozenset({"pv10", "pv149", "x149"}))
    assert look(log, *there).found == {"pv10", "pv149", "x149"}
    assert look(log, probe(77, "lost")) == Stored(frozenset())
    assert {asked["filter_limit"] for asked in log.asked} == {"100"}


def test_hits_of_several_days_are_looked_for_on_each() -> None:
    """A log may hold lines of two days."""
    log = Log([[(1430, "before"), (1435, "midnight")], [(1450, "after")]])
    assert look(log, probe(1435, "midnight"), probe(1450, "after")).found == {"midnight", "after"}
