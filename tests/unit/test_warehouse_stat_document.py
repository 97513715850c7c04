"""The `.stat` file: a stable text, described by its schema, and read with plain errors."""

import datetime as dt
import json
import re
from pathlib import Path

import jsonschema
import pytest

from mtc.core.errors import PermanentError
from mtc.warehouse.day_tables import no_visits
from mtc.warehouse.stat_document import Inputs, LineAccounting, StatDocument, Summary, dumps, loads, schema_text
from mtc.warehouse.stat_tables import PageRow, VisitRow

OLD = Path(__file__).parents[1] / "data" / "0.1.0.stat"
SCHEMA = Path(__file__).parents[2] / "schemas" / "stat.schema.json"


def document(**changes: object) -> StatDocument:
    values: dict[str, object] = {
        "site": "docs",
        "day": dt.date(2026, 5, 1),
        "timezone": "Europe/Paris",
        "source": "warehouse",
        "generator": "mtc 0",
        "inputs": Inputs(objects=1, fingerprint="f"),
        "summary": Summary.of(visits=3, unique_visitors=2, pageviews=5, downloads=3, bounces=1, seconds=100),
        "tables": no_visits().model_copy(
            update={"pages": (PageRow(label="/\u00e9", views=5, visits=3, entries=3, exits=3, bounces=1, bytes=9),)}
        ),
        "accounting": LineAccounting(lines=9, hits=8, filtered={"static": 1}, rejected={}),
    }
    return StatDocument.model_validate({**values, **changes})


def test_the_schema_file_is_that_of_the_models() -> None:
    """Whoever changes a model writes the schema again: `schema_text()`."""
    assert SCHEMA.read_text() == schema_text()


@pytest.mark.parametrize("accounting", [None, LineAccounting(lines=0, hits=0, filtered={}, rejected={})])
def test_a_file_is_valid_by_the_schema(accounting: LineAccounting | None) -> None:
    jsonschema.validate(json.loads(dumps(document(accounting=accounting))), json.loads(SCHEMA.read_text()))


def test_a_file_of_an_earlier_version_is_read() -> None:
    """What 0.1.0 did not know is unknown, and not zero; the file is valid by today's schema."""
    found = loads(OLD.read_bytes(), "x")
    assert (found.generator, found.summary.actions, found.summary.searches) == ("mtc 0.1.0", 5, None)
    assert (found.tables.site_searches, found.tables.ai_assistants) == (None, None)
    assert loads(dumps(found), "x") == found
    jsonschema.validate(json.loads(OLD.read_bytes()), json.loads(SCHEMA.read_text()))


def test_what_is_written_is_what_is_read() -> None:
    assert loads(dumps(document()), "x") == document()


def test_keys_have_one_order_and_each_row_a_line_of_its_own() -> None:
    """People read it, and compare two with `diff`."""
    text = dumps(document()).decode("ascii")
    assert list(json.loads(text)) == list(StatDocument.model_fields)
    row = r'   {"label": "/\u00e9", "views": 5, "visits": 3, "entries": 3, "exits": 3, "bounces": 1, "bytes": 9}'
    assert row in text.split("\n")


def test_a_label_that_looks_like_the_next_row_stays_one_label() -> None:
    """Whatever a request is for, a row has one line."""
    labels = ('/}, {"label": "/', '/"}, {"label": ', "/}, {'label': ", "/\n}, {", '}, {\\"label": ')
    rows = tuple(PageRow(label=label, views=1, visits=1, entries=0, exits=0, bounces=0, bytes=0) for label in labels)
    made = document(tables=no_visits().model_copy(update={"pages": rows}))
    lines = dumps(made).decode().split('"pages": [\n')[1].split("\n  ]")[0].split("\n")
    assert [json.loads(line.rstrip(","))["label"] for line in lines] == list(labels)
    assert loads(dumps(made), "x") == made


def test_countries_are_left_out_where_nothing_tells_them() -> None:
    """The key is absent; with a database's answer it is there, in its place."""
    assert "countries" not in json.loads(dumps(document()))["tables"]
    row = VisitRow(label="France", visits=1, visitors=None, actions=1, bounces=1, seconds=0)
    told = document(tables=no_visits().model_copy(update={"countries": (row,)}))
    assert json.loads(dumps(told))["tables"]["countries"][0]["label"] == "France"
    assert loads(dumps(told), "x") == told


def test_rates_follow_from_the_counts() -> None:
    """1 bounce of 3 visits; 8 actions; 100 seconds. Without a visit every rate is 0."""
    summary = document().summary
    assert (summary.bounce_rate, summary.actions_per_visit, summary.average_visit_seconds) == (0.3333, 2.67, 33.3)
    assert set(Summary.of().model_dump().values()) == {0}


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda text: text[:300], "EOF while parsing"),
        (lambda _: "", "EOF while parsing"),
        (lambda text: text.replace('"version": 1', '"version": 2'), "version: Input should be 1"),
        (lambda text: text.replace('"visits": 3', '"visits": "3"', 1), "summary.visits: Input should be a valid int"),
        (lambda text: text.replace('"visits": 3', '"visits": -3', 1), "summary.visits: Input should be greater"),
        (lambda text: text.replace('"day": "2026-05-01"', '"day": "2026-02-30"'), "day: Input should be a valid date"),
        (lambda text: text.replace('"site": "docs"', '"site": "../x"'), "site: String should match pattern"),
        (lambda text: text.replace('"generator"', '"generated\\u001b[31m"'), "generator: Field required"),
        (lambda text: text.replace('"bytes": 9', '"bytes": 9, "more": 1'), "tables.pages.0.more: Extra inputs"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_with_its_place_and_a_remedy(broken: object, message: str) -> None:
    assert callable(broken)
    with pytest.raises(PermanentError, match=re.escape(message)) as caught:
        loads(broken(dumps(document()).decode()).encode(), "stats/docs/2026-05-01.stat")
    assert caught.value.where == "stats/docs/2026-05-01.stat"
    assert "mtc stat" in caught.value.hint


def test_bytes_that_are_no_text_are_a_damaged_file() -> None:
    with pytest.raises(PermanentError, match="damaged"):
        loads(b"\xff\xfe\x00", "x.stat")


def test_an_error_shows_no_control_character_of_the_file() -> None:
    """A file may come from anywhere; its bytes must not reach a terminal."""
    with pytest.raises(PermanentError) as caught:
        loads(b'{"\\u001b[31m": 1}', "x.stat")
    assert str(caught.value).isprintable()
