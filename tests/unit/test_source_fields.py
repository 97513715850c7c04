"""`source.fields` maps a column, key, label or group to a field; undescribed JSON is read by its key names."""

import json
from pathlib import Path

import pytest
from in_hand import explained, line, site

from mtc.formats.model import FIELDS
from mtc.formats.settings import FieldName
from mtc.stages.import_.format_choice import SourceFormat, format_chooser

ISO = "2026-05-01T10:00:00+00:00"
W3C = (
    "#Fields: date time c-ip c-forwarded cs-method cs-uri-stem cs-uri-query sc-status s-status cs(Host) x-host\n"
    "2026-05-01 10:00:00 10.0.0.1 203.0.113.7 GET /a q=1 200 404 a.example b.example\n"
)
DEEP = {
    "when": ISO,
    "remote_addr": "10.0.0.1",
    "request": {"headers": {"Host": "b.example", "X.Client": "203.0.113.7"}, "where": "http://c.example/a?q=1"},
    "status": 200,
    "result": 404,
}


def read(folder: Path, log: str, fields: dict[str, str], form: str = "auto") -> dict[str, object]:
    """Return the fields of the only request."""
    found = explained(folder, log.encode(), site(format=form, fields=fields))
    assert found.error is None, found.error
    assert found.verdict is None, found.verdict
    (hit,) = found.samples["hit"]
    return {name: hit.fields.get(name) for name in ("ip", "host", "path", "query", "status")}


@pytest.mark.parametrize(
    ("log", "fields", "form"),
    [
        (W3C, {"ip": "c-forwarded", "host": "X-Host", "status": "s-status"}, "auto"),
        (
            json.dumps(DEEP),
            {
                "ip": "request.headers.X\\.Client",
                "host": "request.headers.Host",
                "time": "when",
                "target": "request.where",
                "status": "result",
            },
            "auto",
        ),
        (
            f"time:{ISO}\thost:10.0.0.1\twho:203.0.113.7\treq:GET /a?q=1\tsite:b.example\tcode:404\tstatus:200",
            {"ip": "who", "host": "site", "status": "code"},
            "auto",
        ),
        (
            f"ts={ISO} ip=10.0.0.1 who=203.0.113.7 method=GET path=/b to=/a?q=1 site=b.example code=404 status=200",
            {"ip": "who", "host": "site", "status": "code", "path": "to"},
            "logfmt",
        ),
        (
            '203.0.113.7 b.example - [01/May/2026:10:00:00 +0000] "GET /a?q=1 HTTP/1.1" 404 5 "-" "x"',
            {"user": "host"},
            "ovh",
        ),
    ],
)
def test_a_field_is_read_from_the_column_in_the_manifest(
    tmp_path: Path, log: str, fields: dict[str, str], form: str
) -> None:
    """It replaces that of the format; a whole URL is still split."""
    wanted = {"ip": "203.0.113.7", "host": "b.example", "path": "/a", "query": "q=1", "status": 404}
    assert read(tmp_path, log, fields, form) == wanted


@pytest.mark.parametrize(
    ("log", "fields", "told"),
    [
        (W3C, {"ip": "c-forwardet"}, "did you mean c-forwarded?"),
        (
            json.dumps(DEEP),
            {"ip": "request.headers.Hots", "time": "when", "path": "request.where"},
            "request.headers.Host",
        ),
        (f"time:{ISO}\thost:10.0.0.1\treq:GET / HTTP/1.1\tstatus:200", {"status": "statsu"}, "did you mean status?"),
        (line(), {"host": "usr"}, "did you mean user?"),
    ],
)
def test_an_unknown_column_is_reported_with_the_most_similar_name(
    tmp_path: Path, log: str, fields: dict[str, str], told: str
) -> None:
    """Nothing is loaded instead."""
    error = explained(tmp_path, f"{log}\n".encode(), site(fields=fields)).error
    assert error is not None
    assert told in error.hint
    assert next(iter(fields)) in error.what


def test_all_fields_of_formats_can_be_mapped() -> None:
    """The manifest accepts every name that a format may provide."""
    assert set(FieldName.__args__) == set(FIELDS)  # type: ignore[attr-defined]


def test_objects_with_the_same_columns_have_the_same_format() -> None:
    """They are read together."""
    choose = format_chooser(SourceFormat(fields=(("ip", "c-forwarded"),)))
    lines = W3C.splitlines()
    assert choose(lines, "a.log") is choose([*lines, *lines[1:]], "b.log")


KEYS = {
    "snake": ("client_ip", "timestamp", "request_method", "request_uri", "http_status", "user_agent", "referer"),
    "camel": ("clientIp", "requestTime", "httpMethod", "requestUrl", "statusCode", "userAgent", "Referer"),
    "kebab": ("Remote-Addr", "Start-Time", "Method", "URL", "sc-status", "User-Agent", "cs-referer"),
    "nested": (
        *("source.ip", "@timestamp", "http.request.method", "url.original", "http.response.status_code"),
        *("user_agent.original", "http.request.referrer"),
    ),
    "proxy": (
        *("client.ip", "startedAt", "request.method", "request.path", "response.status", "request.headers.user-agent"),
        "request.headers.referer",
    ),
    "resp": ("peer", "ts", "verb", "path", "resp_status", "ua", "referrer"),
}


def nested(keys: tuple[str, ...], texts: tuple[object, ...]) -> str:
    made: dict[str, object] = {"level": "info", "upstream": {"status": 999, "ip": "10.9.9.9"}, "code": "handled"}
    for key, text in zip(keys, texts, strict=True):
        at = made
        *above, last = key.split(".")
        for step in above:
            at = at.setdefault(step, {})  # type: ignore[assignment]
        at[last] = text
    return json.dumps(made)


@pytest.mark.parametrize("kind", KEYS)
def test_json_is_read_by_the_names_of_its_keys(tmp_path: Path, kind: str) -> None:
    """Case and separators of words do not matter; errors are not hits."""
    lines = [
        nested(KEYS[kind], ("192.0.2.7", ISO, "GET", path, status, "Mozilla/5.0 Firefox/126.0", "https://a.example/"))
        for path, status in (("/a?b=1", 200), ("/gone", "404"))
    ]
    settings = site()
    settings = site(settings.filters.model_copy(update={"errors": False}))
    found = explained(tmp_path, lines, settings)
    assert (found.accounting.hits, found.accounting.filtered) == (1, {"error": 1})
    fields = found.samples["hit"][0].fields
    told = [fields[name] for name in ("ip", "ts", "method", "path", "query", "status", "referrer", "user_agent")]
    assert told == [
        *(
            "192.0.2.7",
            "2026-05-01 10:00:00",
            "GET",
            "/a",
            "b=1",
            200,
            "https://a.example/",
            "Mozilla/5.0 Firefox/126.0",
        ),
    ]


@pytest.mark.parametrize(
    ("log", "lacks"),
    [
        (json.dumps({"time": ISO, "ip": "192.0.2.7", "path": "/a", "result": "fine"}), "status"),
        (f"time:{ISO}\thost:192.0.2.7\treq:GET /a HTTP/1.1", "status"),
        (f"time={ISO} ip=192.0.2.7 method=GET path=/a", "status"),
        ("#Fields: date time c-ip cs-method cs-uri-stem\n2026-05-01 10:00:00 192.0.2.7 GET /a", "status"),
        ("#Fields: c-ip cs-method cs-uri-stem sc-status\n192.0.2.7 GET /a 200", "time"),
        ("#Fields: date time c-ip cs-method sc-status\n2026-05-01 10:00:00 192.0.2.7 GET 200", "path"),
    ],
)
def test_a_detected_format_without_an_essential_field_is_refused(tmp_path: Path, log: str, lacks: str) -> None:
    """The error names the field; a format named in the manifest is accepted as it is."""
    found = explained(tmp_path, f"{log}\n".encode())
    assert found.verdict is not None
    assert f"finds no {lacks} in this file" in found.verdict.what
    named = explained(tmp_path, f"{log}\n".encode(), site(format=found.choices[0].format.name))
    assert named.verdict is None or "could be read as w3c" in named.verdict.what


def test_a_pretty_printed_list_of_objects_is_read(tmp_path: Path) -> None:
    """`[`, `{...},`, `{...}`, `]`."""
    one = json.dumps({"time": ISO, "ip": "192.0.2.7", "path": "/a", "status": 200})
    account = explained(tmp_path, ["[", f"  {one},", one, "]"]).accounting
    assert (account.hits, account.filtered) == (2, {"other": 2})
