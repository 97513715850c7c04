"""Countries of visitors, told by a database of MaxMind's format; every number here is counted by hand."""

import dataclasses
import datetime as dt
import random
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest
from country_file import COUNTRIES, as_maxmind, write_countries, write_records
from stat_hits import DAY, Hit, connect, count, project, rows, settings, write_part

from mtc.core.errors import PermanentError
from mtc.core.model import Accounting, Part, Stage
from mtc.plan.fingerprint import Fingerprint, stat_settings
from mtc.plan.verdicts import setting_changes
from mtc.plan.work import StatWork
from mtc.warehouse.countries import CHUNK, UNKNOWN, Countries, find_countries, open_countries
from mtc.warehouse.day_tables import COUNTRIES as TABLE
from mtc.warehouse.day_tables import QUERIES
from mtc.warehouse.stat_document import StatDocument, dumps, loads
from mtc.warehouse.stat_tables import ROWS
from mtc.warehouse.statistics import WarehouseStatistics

NEXT = DAY + dt.timedelta(days=1)


def counted(
    root: Path, days: Mapping[dt.date, StatWork], database: Path | None, *, limit: int = 500
) -> list[StatDocument]:
    """What the warehouse answers with a database of countries."""
    source = WarehouseStatistics(root, connect, limit, countries=database)
    found = list(source.statistics(settings(), days))
    assert all(isinstance(answer, StatDocument) for answer in found), found
    return [answer for answer in found if isinstance(answer, StatDocument)]


def work(*parts: Part) -> StatWork:
    return StatWork(parts)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return write_countries(tmp_path / "geo" / "countries.mmdb")


@pytest.fixture
def countries(database: Path) -> Iterator[Countries]:
    with open_countries(database) as found:
        yield found


def test_visits_are_counted_by_country(tmp_path: Path, database: Path) -> None:
    """France: a visitor with two visits (2 hits in 60 s, then 1), one of IPv6 with a bounce; Germany: 1 visit of 2."""
    hits = [
        Hit("08:00:00", ip="192.0.2.1"), Hit("08:01:00", ip="192.0.2.1"), Hit("10:00:00", ip="192.0.2.1"),
        Hit("09:00:00", ip="2001:db8:2::7"),
        Hit("09:00:00", ip="192.0.2.200"), Hit("09:00:30", "/a.zip", ip="192.0.2.200", download=True),
        Hit("11:00:00", ip="203.0.113.9"),
    ]  # fmt: skip
    (document,) = counted(tmp_path, {DAY: work(write_part(tmp_path, hits))}, database)
    # label, visits, visitors, actions, bounces, seconds
    assert rows(document, "countries") == [
        ("FR", 3, 2, 4, 2, 61), ("DE", 1, 1, 2, 0, 31), (UNKNOWN, 1, 1, 1, 1, 0),
    ]  # fmt: skip
    assert loads(dumps(document), "x.stat") == document


def test_every_day_has_its_own_countries(tmp_path: Path, database: Path) -> None:
    """One look at an address serves all days; a day of lines without hits has the table, and nothing in it."""
    first = write_part(tmp_path, [Hit("08:00:00"), Hit("08:00:00", ip="192.0.2.200")])
    second = write_part(tmp_path, [Hit(f"{NEXT} 08:00:00")], day=NEXT)
    quiet = StatWork((), Accounting(1, 0, {"static": 1}))
    days = {DAY: work(first), NEXT: work(second), NEXT + dt.timedelta(days=1): quiet}
    found = [rows(document, "countries") for document in counted(tmp_path, days, database)]
    assert [[row[:2] for row in day] for day in found] == [[("DE", 1), ("FR", 1)], [("FR", 1)], []]


def test_without_a_database_there_is_no_table(tmp_path: Path) -> None:
    """Left out, not empty: nobody asked, so nobody knows."""
    assert count(tmp_path, [Hit("08:00:00")]).tables.countries is None


def test_the_other_numbers_are_the_same_with_and_without_a_database(tmp_path: Path, database: Path) -> None:
    hits = [Hit(f"08:{n:02}:00", f"/{n % 7}", ip=f"192.0.2.{n * 4}") for n in range(60)]
    days = {DAY: work(write_part(tmp_path, hits))}
    (plain,), (told,) = counted(tmp_path, days, None), counted(tmp_path, days, database)
    assert told.summary == plain.summary
    assert told.tables.model_copy(update={"countries": None}) == plain.tables
    assert sum(row.visits for row in told.tables.countries or ()) == plain.summary.visits


def test_every_table_has_its_query() -> None:
    assert {query.table for query in (*QUERIES, TABLE)} == set(ROWS)


def test_countries_beyond_the_limit_are_summed_up(tmp_path: Path, database: Path) -> None:
    """As in other tables: FR has 3 visits, DE 2, US 1 and nothing known 1; with a limit of 2 the rest is 2."""
    ips = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.201", "192.0.2.202", "198.51.100.1", "10.0.0.1"]
    part = write_part(tmp_path, [Hit("08:00:00", ip=ip) for ip in ips])
    (document,) = counted(tmp_path, {DAY: work(part)}, database, limit=2)
    assert [row[:2] for row in rows(document, "countries")] == [("FR", 3), ("DE", 2), ("Others", 2)]


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("192.0.2.0", "FR"),
        ("192.0.2.127", "FR"),
        ("192.0.2.128", "DE"),
        ("198.51.100.77", "US"),
        ("198.51.101.1", UNKNOWN),
        ("2001:db8:1::1", "JP"),
        ("2001:DB8:0002:0:0:0:0:1", "FR"),
        ("2001:db8:3::1", UNKNOWN),
        ("::ffff:192.0.2.1", "FR"),
        ("::ffff:c000:2c8", "DE"),
        ("fe80::1%eth0", UNKNOWN),
        ("10.0.0.1", UNKNOWN),
        ("", UNKNOWN),
        ("-", UNKNOWN),
        ("unknown", UNKNOWN),
        ("host.example.org", UNKNOWN),
        ("192.0.2.1:8080", UNKNOWN),
        ("192.0.2.1, 198.51.100.7", UNKNOWN),
        ("192.0.02.1", UNKNOWN),
        ("192.0.2.1\x00", UNKNOWN),
        (" 192.0.2.1", UNKNOWN),
        ("3221225985", UNKNOWN),
        ("\u0661\u0669\u0662.0.2.1", UNKNOWN),
        ("'; DROP TABLE visitor; --", UNKNOWN),
        ("1" * 100_000, UNKNOWN),
        ("\ud800", UNKNOWN),
    ],
)
def test_the_country_of_an_address(countries: Countries, address: str, country: str) -> None:
    """IPv4, IPv6, IPv4 written as IPv6; a host's name, a list or rubbish is `Unknown`, and never an error."""
    assert countries.find([address]) == [country]


def test_hostile_addresses_go_through_the_database(tmp_path: Path, database: Path) -> None:
    """What stands for an address in the log is joined as it is."""
    texts = ["", "'; DROP TABLE visitor; --", "\n", "$first", "192.0.2.1\r\n", "\u202e192.0.2.1"]
    part = write_part(tmp_path, [Hit("08:00:00", ip=text) for text in texts])
    (document,) = counted(tmp_path, {DAY: work(part)}, database)
    assert [row[:2] for row in rows(document, "countries")] == [(UNKNOWN, len(texts))]


def test_what_is_remembered_of_networks_changes_no_answer(countries: Countries, database: Path) -> None:
    """In whatever order addresses come, each is told as by a database that has just been opened."""
    dice = random.Random(7)
    near = [network.split("/")[0].rpartition(".")[0] for network in COUNTRIES if "." in network]
    addresses = [f"{dice.choice([*near, '198.51.101', '10.0.0'])}.{dice.randrange(256)}" for _ in range(300)]
    addresses += [f"2001:db8:{dice.randrange(5)}::{dice.randrange(9)}" for _ in range(100)]
    dice.shuffle(addresses)
    fresh = []
    for address in addresses:
        with open_countries(database) as again:
            fresh += again.find([address])
    assert countries.find(addresses) == fresh
    assert len(set(fresh)) == 5


def test_more_addresses_than_one_piece_are_all_told(countries: Countries) -> None:
    """Two pieces and a bit, each visitor once: of 10.x.y.z nothing is known, one in 100 is French."""
    connection = duckdb.connect()
    connection.execute(
        """
        CREATE TEMP TABLE address AS
        SELECT i AS address, CASE
            WHEN i % 100 = 0 THEN '::ffff:192.0.2.' || (i // 100 % 128)
            ELSE concat_ws('.', 10, i // 65536, i // 256 % 256, i % 256)
        END AS ip
        FROM range(?) AS numbers(i)
        """,
        [2 * CHUNK + 2000],
    )
    find_countries(connection, countries)
    found = connection.execute("SELECT country, count(*), count(DISTINCT address) FROM address_country GROUP BY 1")
    assert sorted(found.fetchall()) == [("FR", 1020, 1020), (UNKNOWN, 100_980, 100_980)]
    connection.close()


@pytest.mark.parametrize(
    ("record", "country"),
    [
        (as_maxmind("fr"), "FR"),
        ({"country_code": "FR", "country": "France"}, "FR"),
        ({"country": "FR"}, "FR"),
        ({"country": "France"}, UNKNOWN),
        ({"country": {"names": {"en": "France"}}}, UNKNOWN),
        ({"registered_country": {"iso_code": "FR"}}, UNKNOWN),
        ({"traits": {"is_anycast": True}}, UNKNOWN),
        ({"country": {"iso_code": "=1+1"}}, UNKNOWN),
        ({"country": {"iso_code": 33}}, UNKNOWN),
        (["FR"], UNKNOWN),
        ("FR", UNKNOWN),
    ],
)
def test_what_a_record_tells(tmp_path: Path, record: object, country: str) -> None:
    """MaxMind's shape, and the flat ones of others; the country where the address is, not where it is registered."""
    file = write_records(tmp_path / "x.mmdb", {"192.0.2.0/24": record, "198.51.100.0/24": as_maxmind("US")})
    with open_countries(file) as found:
        assert found.find(["192.0.2.1", "198.51.100.1"]) == [country, "US"]


def test_a_database_of_ipv4_knows_no_ipv6(tmp_path: Path) -> None:
    file = write_records(tmp_path / "x.mmdb", {"192.0.2.0/24": as_maxmind("FR")}, version=4)
    with open_countries(file) as found:
        assert found.find(["2001:db8::1", "::ffff:192.0.2.1", "192.0.2.1"]) == [UNKNOWN, "FR", "FR"]


def refused(root: Path, database: Path) -> PermanentError:
    """The error of statistics with a database that is not right, whatever the days."""
    source = WarehouseStatistics(root, connect, countries=database)
    with pytest.raises(PermanentError) as caught:
        list(source.statistics(settings(), {DAY: work(write_part(root, [Hit("08:00:00")]))}))
    assert caught.value.where == str(database)
    assert "`stats.countries`" in str(caught.value)
    return caught.value


def test_a_missing_database_is_named_with_its_key(tmp_path: Path) -> None:
    assert str(refused(tmp_path, tmp_path / "gone.mmdb")) == (
        f"{tmp_path / 'gone.mmdb'}: there is no such file. "
        "`stats.countries` names it: put a database of countries there, or take the key out"
    )


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path, tmp_path).what


@pytest.mark.parametrize("keep", [0, 1, 100, -40, -300])
def test_a_database_that_is_cut_off_is_damaged(tmp_path: Path, database: Path, keep: int) -> None:
    database.write_bytes(database.read_bytes()[:keep])
    assert "damaged" in refused(tmp_path, database).what


def test_another_kind_of_file_is_no_database(tmp_path: Path) -> None:
    file = tmp_path / "countries.mmdb"
    file.write_text("192.0.2.0/24,FR\n" * 1000)
    assert "no database of MaxMind's format" in refused(tmp_path, file).what


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    """With one of networks' owners every visit would be `Unknown`, and nobody would be told why."""
    owner = {"autonomous_system_number": 64496, "autonomous_system_organization": "Example"}
    file = write_records(tmp_path / "x.mmdb", {"192.0.2.0/24": owner}, kind="Test-ASN")
    assert refused(tmp_path, file).what == "the database has no countries (Test-ASN)"


def test_damage_inside_never_ends_the_process(tmp_path: Path, database: Path) -> None:
    """Of 300 copies with wrong bytes each gives answers or our error; the package's reader in C would crash on some."""
    data, dice = database.read_bytes(), random.Random(1)
    outcomes = set()
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(dice.choice((1, 3, 20))):
            broken[dice.randrange(len(data))] = dice.randrange(256)
        file = tmp_path / "broken.mmdb"
        file.write_bytes(broken)
        try:
            with open_countries(file) as found:
                outcomes.add(len(found.find(["192.0.2.1", "198.51.100.1", "2001:db8:1::1", "10.0.0.1"])))
        except PermanentError as error:
            outcomes.add(error.where == str(file))
    assert outcomes == {4, True}


def test_the_digest_of_a_file_tells_the_edition_of_the_database(tmp_path: Path, database: Path) -> None:
    """Other countries may come of it. Where it lies does not matter."""
    days = {DAY: work(write_part(tmp_path, [Hit("08:00:00")]))}
    moved = tmp_path / "moved.mmdb"
    moved.write_bytes(database.read_bytes())
    newer = write_countries(tmp_path / "newer.mmdb", {**COUNTRIES, "203.0.113.0/24": "CA"})
    plain, told, same, other = (
        counted(tmp_path, days, file)[0].inputs.fingerprint for file in (None, database, moved, newer)
    )
    assert told == same
    assert len({plain, told, other}) == 3


def test_a_step_from_before_there_were_countries_is_still_up_to_date(tmp_path: Path) -> None:
    """Its record has no such setting, which is the same as none; a path is a change, and so is its going."""
    plain = settings()
    named = dataclasses.replace(plain, countries="geo/countries.mmdb")
    today, with_path = stat_settings(plain), stat_settings(named)
    recorded = {name: value for name, value in today.items() if name != "stats.countries"}

    def changes(before: dict[str, str], now: dict[str, str]) -> tuple[str, ...]:
        parts = (Fingerprint.of(Stage.STAT, each, {}) for each in (before, now))
        return setting_changes(project(tmp_path), "docs", *parts)

    assert changes(recorded, today) == ()
    assert changes(recorded, with_path) == ("stats.countries: none → geo/countries.mmdb",)
    assert changes(with_path, today) == ("stats.countries: geo/countries.mmdb → none",)
