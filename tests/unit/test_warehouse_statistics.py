"""The warehouse answers for many days at once, and a part that is wrong fails its day alone."""

import dataclasses
import datetime as dt
from pathlib import Path

import pytest
from stat_hits import DAY, Hit, answers, connect, settings, write_file, write_part

from mtc.core.model import Accounting, Part
from mtc.formats.settings import HitSettings
from mtc.plan.work import StatWork
from mtc.warehouse import hit_values, statistics
from mtc.warehouse.stat_document import StatDocument, dumps
from mtc.warehouse.statistics import DayFailure, SiteDay, WarehouseStatistics, batches

NEXT = DAY + dt.timedelta(days=1)


def one(root: Path, part: Part) -> StatDocument | DayFailure:
    """The answer for one part's day, of three that are asked for."""
    days = (DAY - dt.timedelta(days=1), DAY, NEXT)
    others = {day: [write_part(root, [Hit(f"{day} 08:00:00")], day=day, name="good")] for day in days}
    found = answers(root, {**others, DAY: [*others[DAY], part]})
    before, answer, after = found
    assert [item.summary.visits for item in (before, after) if isinstance(item, StatDocument)] == [1, 1]
    return answer


def test_only_rows_of_the_wanted_objects_count(tmp_path: Path) -> None:
    """Small objects share a file; one that was replaced by a newer one is still in it."""
    file = f"hits/site=docs/date={DAY}/bundle.parquet"
    write_file(tmp_path / file, {"old": [Hit("08:00:00", "/old")], "new": [Hit("08:00:00", "/new")] * 2})
    (answer,) = answers(tmp_path, {DAY: [Part("docs", DAY, file, "new", 2)]})
    assert isinstance(answer, StatDocument)
    assert [(row.label, row.views) for row in answer.tables.pages] == [("/new", 2)]


def test_a_part_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    part = write_part(tmp_path, [Hit("08:00:00")])
    (answer,) = answers(tmp_path, {DAY: [part, part]})
    assert isinstance(answer, StatDocument)
    assert answer.summary.actions == 1


def test_a_missing_part_fails_its_day_and_says_what_to_do(tmp_path: Path) -> None:
    answer = one(tmp_path, Part("docs", DAY, "hits/gone.parquet", "x", 1))
    assert isinstance(answer, DayFailure)
    assert str(answer.error) == f"hits/gone.parquet: the part is missing. run `mtc import docs {DAY}` again"


@pytest.mark.parametrize("damage", ["empty", "short", "flipped", "text", "columns"])
def test_a_damaged_part_fails_its_day_and_says_what_to_do(tmp_path: Path, damage: str) -> None:
    """However it is damaged, the file is named, and other days have their numbers."""
    part = write_part(tmp_path, [Hit(f"08:00:{n % 60:02}", f"/{n}") for n in range(500)], name="bad")
    path = tmp_path / part.file
    data = path.read_bytes()
    if damage == "columns":
        connect().execute(f"COPY (SELECT 1 AS x) TO '{path}' (FORMAT parquet)")
    else:
        broken = {
            "empty": b"",
            "short": data[: len(data) // 2],
            "flipped": data[:4] + bytes(byte ^ 0xFF for byte in data[4:2000]) + data[2000:],
            "text": b"not parquet at all",
        }
        path.write_bytes(broken[damage])
    answer = one(tmp_path, part)
    assert isinstance(answer, DayFailure)
    assert answer.error.where == part.file
    assert "damaged" in answer.error.what
    assert answer.error.hint == f"run `mtc import docs {DAY}` again"


@pytest.mark.parametrize("loaded", [1, 3])
def test_a_part_with_other_hits_than_were_loaded_is_damaged(tmp_path: Path, loaded: int) -> None:
    """A sound Parquet file that is not the one that was loaded would count too little, or too much, without a word."""
    part = write_part(tmp_path, [Hit("08:00:00"), Hit("08:00:01")], name="swapped")
    answer = one(tmp_path, Part(part.site, part.day, part.file, part.object_id, loaded))
    assert isinstance(answer, DayFailure)
    assert f"holds 2 hits of its object, and {loaded} were loaded" in answer.error.what


def test_a_part_outside_the_warehouse_is_refused(tmp_path: Path) -> None:
    answer = one(tmp_path / "warehouse", Part("docs", DAY, "../elsewhere.parquet", "x", 1))
    assert isinstance(answer, DayFailure)
    assert "leads out of its folder" in answer.error.what


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tmp_path: Path) -> None:
    """`[prod]` is no set of letters, `*` no glob, and a quote ends nothing."""
    root = tmp_path / "logs [prod]*'s"
    (answer,) = answers(root, {DAY: [write_part(root, [Hit("08:00:00")])]})
    assert isinstance(answer, StatDocument)
    assert answer.summary.visits == 1


def test_when_every_part_is_damaged_every_day_fails(tmp_path: Path) -> None:
    part = write_part(tmp_path, [Hit("08:00:00")])
    (tmp_path / part.file).write_bytes(b"")
    assert [type(item) for item in answers(tmp_path, {DAY: [part]})] == [DayFailure]


def test_a_day_with_lines_but_no_hits_is_all_zeros(tmp_path: Path) -> None:
    """Zeros are an answer: the log was there, and nobody came."""
    work = StatWork((), Accounting(3, 0, {"static": 2}, {"no date": 1}))
    (answer,) = WarehouseStatistics(tmp_path, connect).statistics(settings(), {DAY: work})
    assert isinstance(answer, StatDocument)
    assert (answer.summary.visits, answer.summary.bounce_rate, len(answer.tables.hours)) == (0, 0.0, 24)
    assert answer.accounting is not None
    assert answer.accounting.model_dump() == {
        "lines": 3, "hits": 0, "filtered": {"static": 2}, "rejected": {"no date": 1},
    }  # fmt: skip


def test_the_same_day_gives_the_same_bytes_alone_or_among_others(tmp_path: Path) -> None:
    """Which days are asked for together must not show in any of them."""
    parts = {DAY: [write_part(tmp_path, [Hit("08:00:00"), Hit("09:00:00", "/a")])]}
    more = {NEXT: [write_part(tmp_path, [Hit(f"{NEXT} 08:00:00", "/b")], day=NEXT)]}
    alone, among = answers(tmp_path, parts)[0], answers(tmp_path, parts | more)[0]
    assert isinstance(alone, StatDocument)
    assert isinstance(among, StatDocument)
    assert dumps(alone) == dumps(among)


def test_sites_counted_together_have_the_same_bytes_as_alone(tmp_path: Path) -> None:
    """Each with its own host, zone and search parameters; a damaged part fails the day of its own site."""
    sites = [
        settings(),
        settings(name="shop", url="https://shop.example.org"),
        settings(name="paris", zone="Europe/Paris", url="https://example.net"),
        dataclasses.replace(settings(name="wiki"), hits=HitSettings(search_parameters=("find",))),
    ]
    hits = [
        Hit("08:00:00", "/a", query="find=x", referrer="https://shop.example.org/"),
        Hit("08:00:00", "/b", query="q=x", referrer="https://example.net/links"),
        Hit("09:00:00", "/c", ip="192.0.2.7", referrer="https://docs.example.org/"),
    ]
    works = [
        (
            site,
            {day: StatWork((write_part(tmp_path, hits[: place + 1], day=day, site=site.name),)) for day in (DAY, NEXT)},
        )
        for place, site in enumerate(sites)
    ]
    source = WarehouseStatistics(tmp_path, connect)

    def told(result: StatDocument | DayFailure) -> bytes:
        return dumps(result) if isinstance(result, StatDocument) else str(result.error).encode()

    def alone() -> list[tuple[str, bytes]]:
        return [(site.name, told(result)) for site, days in works for result in source.statistics(site, days)]

    def together() -> list[tuple[str, bytes]]:
        found = [(name, told(result)) for name, result in source.of_sites(works)]
        return sorted(found, key=lambda each: [site.name for site in sites].index(each[0]))

    assert len(set(alone())) == 8
    assert together() == alone()
    (tmp_path / works[1][1][DAY].parts[0].file).write_bytes(b"PAR1")
    failed = [(name, data) for name, data in together() if b"damaged" in data]
    assert [name for name, _ in failed] == ["shop"]
    assert b"mtc import shop 2026-05-01" in failed[0][1]


def test_large_files_are_read_as_small_ones_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether rows are kept or read again must not show; a constant stands in for a file of many hits."""
    hits = [Hit(f"08:00:{n:02}", f"/{n % 7}", query=f"q={n % 3}", ip=f"192.0.2.{n % 5}") for n in range(40)]
    kept = answers(tmp_path, {DAY: [write_part(tmp_path, hits)]})
    monkeypatch.setattr(hit_values, "LARGE_FILE", 1)
    again = answers(tmp_path, {DAY: [write_part(tmp_path, hits)]})
    assert (
        [dumps(each) for each in kept if isinstance(each, StatDocument)]
        == [dumps(each) for each in again if isinstance(each, StatDocument)]
        != []
    )


def test_the_fingerprint_tells_other_hits_and_other_settings(tmp_path: Path) -> None:
    """It depends on objects, their hits, the site's address, zone and searches; not on the files that rows lie in."""
    hits = [Hit("08:00:00")]
    part = write_part(tmp_path, hits)
    (tmp_path / "elsewhere.parquet").write_bytes((tmp_path / part.file).read_bytes())
    moved = Part(part.site, part.day, "elsewhere.parquet", part.object_id, part.hits)
    other = write_part(tmp_path, hits, name="b")
    found = [
        *answers(tmp_path, {DAY: [part]}),
        *answers(tmp_path, {DAY: [moved]}),
        *answers(tmp_path, {DAY: [other]}),
        *answers(tmp_path, {DAY: [part]}, settings(zone="Europe/Paris")),
        *answers(tmp_path, {DAY: [part]}, settings(url="https://www.example.org")),
        *answers(tmp_path, {DAY: [part]}, limit=3),
        *answers(tmp_path, {DAY: [part]}, dataclasses.replace(settings(), hits=HitSettings(search_parameters=("q",)))),
    ]
    first, second, *rest = [item.inputs.fingerprint for item in found if isinstance(item, StatDocument)]
    assert first == second
    assert len({first, *rest}) == 6


def test_days_are_counted_in_sets_of_a_bounded_size() -> None:
    """By hits, so that they fit into memory, and a large day is a set of its own."""
    sizes = [400_000, 500_000, 3_000_000, 1, 2]
    days = [
        SiteDay(settings(), DAY + dt.timedelta(days=n), StatWork((Part("docs", DAY, "f", "o", hits),)))
        for n, hits in enumerate(sizes)
    ]
    found = [[each.work.parts[0].hits for each in batch] for batch in batches(days)]
    assert found == [[400_000, 500_000], [3_000_000], [1, 2]]
    assert statistics.BATCH_HITS == 1_000_000
