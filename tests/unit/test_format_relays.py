"""What loggers and shippers put around a line of an access log or beside its fields, and what they say themselves."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from in_hand import CHROME, explained, hits, line, reasons, values

Wrap = Callable[[str], str]
TIME = "2026-05-01T12:00:09.5Z"
NGINX = json.dumps(
    {"time_local": "01/May/2026:12:00:00 +0000", "remote_addr": "192.0.2.1", "request": "GET /a?b=1 HTTP/1.1"}
    | {"status": "200", "body_bytes_sent": "5", "http_user_agent": CHROME}
)


def front(text: str) -> Wrap:
    return lambda logged: text + logged


def around(*keys: str, **beside: object) -> Wrap:
    """An object with the line below these keys, and with others beside the first."""

    def wrap(logged: str) -> str:
        value: object = logged
        for key in reversed(keys):
            value = {key: value}
        assert isinstance(value, dict)
        return json.dumps({**beside, **value})

    return wrap


WRAPS: Mapping[str, Wrap] = {
    "Logplex": front("<190>1 2026-05-01T12:00:09.123456+00:00 host app web.1 - "),
    "Logplex, counted": front("213 <190>1 2026-05-01T12:00:09.123456+00:00 host app web.1 - "),
    "RFC 5424, counted": front('87 <134>1 2026-05-01T12:00:09Z edge3 httpd 44 - [o@9 k="v"] '),
    "RFC 5424 without its data": front("<134>1 2026-05-01T12:00:09Z edge3 httpd 44 ACCESS "),
    "a time and a tab": front("2026-05-01T12:00:09Z\t"),
    "syslog and a cookie": front("May  1 12:00:09 edge3 nginx: @cee: "),
    "stern of all namespaces": front("shop web-6799fc88d8-abcde nginx "),
    "Filebeat": around("message", log={"offset": 7, "file": {"path": "/var/log/a.log"}}, agent={"name": "edge3"}),
    "pino": around("msg", level=30, time=1777636809500, pid=7, hostname="edge3"),
    "bunyan": lambda logged: around("msg", name="api", level=30, time=TIME, v=0)(logged + "\n"),
    "structlog": around("event", level="info", timestamp=TIME),
    "Logstash's original": around("event", "original", host={"name": "edge3"}),
    "Splunk's collector": around("event", time=1777636809.5, host="edge3", sourcetype="access_combined"),
    "Splunk's export": around("result", "_raw", preview=False),
    "Elasticsearch": around("_source", "message", _index="web", _id="7"),
    "Datadog": around("content", "message", id="7"),
    "Azure Monitor": around("LogMessage", TimeGenerated=TIME, PodName="web"),
}


@pytest.mark.parametrize("kind", WRAPS)
@pytest.mark.parametrize("logged", [line("/a?b=1"), NGINX], ids=["combined", "nginx_json"])
def test_a_line_is_read_as_it_is_without_what_is_around_it(kind: str, logged: str, tmp_path: Path) -> None:
    """Also where the object around it looks like a message of a server."""
    found = explained(tmp_path, [WRAPS[kind](logged)] * 3)
    assert reasons(found) == [None] * 3
    (read, *_) = hits(found)
    asked = {name: read.fields.get(name) for name in ("ip", "path", "query", "status", "user_agent", "host")}
    assert asked == {"ip": "192.0.2.1", "path": "/a", "query": "b=1", "status": 200, "user_agent": CHROME, "host": None}
    assert str(read.fields["ts"]).startswith("2026-05-01 12:00:00")


@pytest.mark.parametrize(
    "logged",
    [
        '{"level":"info","msg":"started","pid":7}',
        '{"level":30,"time":1777636800000,"pid":7,"hostname":"edge3","msg":"listening on 8080"}',
        '{"level":"error","event":"upstream timed out","error":"dial tcp"}',
    ],
)
def test_a_message_in_json_is_still_one(logged: str, tmp_path: Path) -> None:
    """It has no line of an access log in it."""
    assert reasons(explained(tmp_path, [line(), line(), logged])) == [None, None, "other"]


MESSAGES = (
    "PHP Stack trace:",
    "PHP   1. {main}() /srv/a.php:0",
    "httpd (pid 12) already running",
    "(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80",
    "java.lang.IllegalStateException: closed",
    "\t... 12 more",
    "2026-05-01 12:00:00.123  INFO 1 --- [main] c.e.App : Started App in 2 seconds",
    "2026-05-01T12:00:00.123Z  WARN 1 --- [main] c.e.App : slow",
    '  File "/srv/a.py", line 3, in f',
    "ZeroDivisionError: division by zero",
    "    at Object.<anonymous> (/srv/a.js:1:1)",
    "(node:12) DeprecationWarning: x",
    "npm WARN deprecated x",
    "> shop@1.0.0 start",
    " * Running on http://127.0.0.1:5000",
    "Puma starting in single mode...",
    "* Listening on http://0.0.0.0:3000",
    "=> Booting Puma",
    'I, [2026-05-01T12:00:00.123456 #7]  INFO -- : Started GET "/" for 192.0.2.1',
    "2026/05/01 12:00:00 http: TLS handshake error from 192.0.2.1:5: EOF",
    "panic: runtime error: index out of range",
    "goroutine 1 [running]:",
    "tail: /var/log/a.log: file truncated",
    "-------------------------------------------------------------------------------",
    "NGINX Ingress controller",
)


def test_what_runtimes_say_beside_their_requests_is_no_bad_line(tmp_path: Path) -> None:
    """One stream takes all of a container, and such lines are not what `max_rejected` is for."""
    found = explained(tmp_path, [line(), line(), *MESSAGES])
    assert reasons(found) == [None, None, *["other"] * len(MESSAGES)]


def test_a_shippers_time_is_not_that_of_the_request(tmp_path: Path) -> None:
    """Fluent Bit puts `date` into an object that nginx has written with `$time_local`: the hour of reading."""
    late = json.dumps({"date": 1777723200.5, "stream": "stdout"} | json.loads(NGINX))
    assert values(explained(tmp_path, [late]), "ts") == ["2026-05-01 12:00:00"]
    within = json.dumps({"timestamp": "2026-05-02T12:00:00Z", "insertId": "1", "jsonPayload": json.loads(NGINX)})
    assert values(explained(tmp_path, [within]), "ts") == ["2026-05-01 12:00:00"]


@pytest.mark.parametrize(
    "machine",
    [
        {"kubernetes": {"host": "edge3", "pod_name": "web"}},
        {"host": {"name": "edge3"}},
        {"hostname": "edge3", "pid": 7},
    ],
)
def test_the_machine_that_writes_is_no_site(machine: Mapping[str, object], tmp_path: Path) -> None:
    """With it every line would be another site's, and `hosts` would leave all of them out."""
    read = {"when": TIME, "clientIp": "192.0.2.1", "verb": "GET", "url": "/a", "statusCode": 200, "userAgent": CHROME}
    assert values(explained(tmp_path, [json.dumps({**machine, **read})]), "host") == [None]
    named = json.dumps({**machine, **read, "vhost": "shop.example.org"})
    assert values(explained(tmp_path, [named]), "host") == ["shop.example.org"]


@pytest.mark.parametrize(
    "keys", [("status", "ua"), ("statusCode", "userAgent"), ("code", "http_user_agent"), ("response_code", "agent")]
)
def test_plain_keys_beside_nginx_own_hide_neither_errors_nor_robots(keys: tuple[str, str], tmp_path: Path) -> None:
    """`time`, `ip`, `method` and `uri` are anyone's: what nginx would not write is looked for as well."""
    status, agent = keys
    logged = {"time": TIME, "ip": "192.0.2.1", "method": "GET", "uri": "/a?b=1", status: 404, agent: CHROME}
    (read,) = hits(explained(tmp_path, [json.dumps(logged)]))
    asked = tuple(read.fields.get(name) for name in ("path", "query", "status", "user_agent"))
    assert asked == ("/a", "b=1", 404, CHROME)


@pytest.mark.parametrize(
    "log",
    [
        [
            "#Fields: date time c-ip cs-method cs-uri-stem sc-status x-client",
            *[f"2026-05-01 12:00:00 192.0.2.1 GET /a 200 {CHROME.replace(' ', '+')}"] * 3,
        ],
        [json.dumps({"ts": TIME, "ip": "192.0.2.1", "url": "/a", "status": 200, "via": [{"n": "x", "v": CHROME}]})] * 3,
    ],
    ids=["W3C", "JSON"],
)
def test_a_log_whose_user_agents_nothing_reads_is_refused(log: list[str], tmp_path: Path) -> None:
    """Its robots would be visitors. `fields` says where they are."""
    verdict = explained(tmp_path, log).verdict
    assert verdict is not None
    assert "finds no user agent" in str(verdict)
    assert "robots would count as visitors" in str(verdict)


@pytest.mark.parametrize("name", ["cs-user-agent", "user-agent", "cs(UserAgent)"])
def test_a_column_of_user_agents_has_several_names(name: str, tmp_path: Path) -> None:
    """Custom fields of IIS and of other servers are named after the header."""
    agent = CHROME.replace(" ", "+")
    head = f"#Fields: date time c-ip cs-method cs-uri-stem sc-status {name}"
    assert values(explained(tmp_path, [head, f"2026-05-01 12:00:00 192.0.2.1 GET /a 200 {agent}"]), "user_agent") == [
        CHROME
    ]
