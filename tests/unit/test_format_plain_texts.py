"""Texts in their usual form are taken apart without expressions with groups: never to another end than with them."""

import random

from mtc.core.database import query_texts
from mtc.core.sql import literal
from mtc.formats import sql

PIECES = (
    *("http://", "https://", "HTTP://", "rtmp://", "ftp://", "://", "/", "//", "h", "www.example.org", "Example.", "."),
    *("-", "_", "@", "user:word@", ":", ":443", ":x", "[::1]", "#", "?", "?a=b", "\\", " ", "é", "", "*", "a/b", "%2f"),
)
DURATIONS = ("1", "0.5", ".", "-1", "1e3", "m", "h", "s", "ms", "us", "ns", "µs", "", " ", "NaN", "x", "12")
COUNT = 20_000


def texts(pieces: tuple[str, ...]) -> list[str]:
    dice = random.Random("plain texts")
    return ["".join(dice.choice(pieces) for _ in range(dice.randrange(1, 7))) for _ in range(COUNT)]


def differing(first: str, second: str, pieces: tuple[str, ...]) -> list[object]:
    query = (
        f"SELECT text FROM (SELECT *, NULL::VARCHAR AS method FROM given) WHERE ({first}) IS DISTINCT FROM ({second})"
    )
    return [text for (text,) in query_texts(query, texts(pieces))]


def test_a_target_is_taken_apart_as_by_the_expression() -> None:
    """Host, path and query of an absolute form are those that the whole expression finds."""
    absolute = f"regexp_replace(text, {literal(sql._ABSOLUTE_FORM)}, '/\\2\\3')"
    form = f"CASE WHEN text = '*' THEN '*' WHEN starts_with({absolute}, '/') THEN {absolute} END"
    form = f"CASE WHEN starts_with(text, '/') THEN text ELSE {form} END"
    host = f"nullif(trim(lower(regexp_extract(text, {literal(sql._ABSOLUTE_FORM)}, 1)), '.'), '')"
    assert not differing(sql.origin_form("text"), form, PIECES)
    assert not differing(sql.host_of("text"), f"CASE WHEN NOT starts_with(text, '/') THEN {host} END", PIECES)


def test_a_url_is_taken_apart_as_by_the_expression() -> None:
    """Host and path of a URL are those that the whole expression finds."""
    host = sql.host_name(f"regexp_extract(text, '{sql._URL}(?:[^/?#@]*@)?([^/?#]*)', 1)")
    target = f"regexp_replace(text, '{sql._URL}[^/?#]*/?', '/')"
    path = f"CASE WHEN starts_with(text, '/') THEN text ELSE {target} END"
    assert not differing(
        sql.url_host("text"), f"CASE WHEN NOT starts_with(text, '/') THEN nullif({host}, '') END", PIECES
    )
    assert not differing(sql.url_target("text"), path, PIECES)


def test_a_duration_in_seconds_is_read_as_by_the_expression() -> None:
    """A number before `s` is what a text in hours, minutes and seconds gives."""
    pieces = f"regexp_extract(text, {sql._GO_DURATION}, ['h', 'm', 's'])"
    hours, minutes, seconds = (f"coalesce(try_cast(({pieces}).{name} AS DOUBLE), 0)" for name in "hms")
    in_units = f"{hours} * 36e5 + {minutes} * 6e4 + {seconds} * 1e3"
    of_seconds = "regexp_matches(text, '[^mnuµμ]s$')"
    found = f"CASE WHEN {of_seconds} THEN {sql.milliseconds('text')} END"
    assert not differing(found, f"CASE WHEN {of_seconds} THEN {in_units} END", DURATIONS)
