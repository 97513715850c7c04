"""Doctor checks of each site's newest log: its format, and what an import would reject or count wrongly."""

import bz2
import datetime as dt
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import zstandard
from in_hand import line
from s3_faults import Fault, Headers, Proxy
from s3_server import ACCESS_KEY, SECRET_KEY, S3Server

import mtc
from mtc.core.findings import Finding, Level
from mtc.doctor.doctor import DoctorResult, run_checks
from mtc.engine.selection import Scope
from mtc.manifest.load import load
from mtc.report.check_text import doctor_json, doctor_text

NOW = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
FOLDER = (
    'version: 1\ndates: {from: 2026-05-01, to: 2026-05-02}\nsource: {url: "logs/{site}/{date:%Y-%m-%d}*.log*"KEYS}\n'
)
S3 = """\
version: 1
dates: {from: 2026-05-01, to: 2026-05-02}
source: {url: "s3://BUCKET/{site}/{date:%Y-%m-%d}*.log*", credentials: store}
sites: {docs: {}, shop: {}}
credentials:
  store: {access_key_id: "${KEY}", secret_access_key: "${SECRET}", region: us-east-1, endpoint_url: "URL"}
"""
NEWEST = "newest log of docs"
PROXIED = "another field names the clients of a proxy"
HITS = "its first lines: {} hits, 0 filtered, 0 rejected"


def log_bytes(*lines: str) -> bytes:
    """Return the bytes of a log."""
    return "".join(f"{one}\n" for one in lines).encode()


def forwarded(number: int = 12, proxy: str = "10.0.0.1") -> bytes:
    """Return a log written behind a proxy, with the client address in a last field."""
    return log_bytes(*(f'{line(f"/{at}", ip=proxy)} "198.51.100.{at % 250}"' for at in range(number)))


def put(root: Path, data: bytes, name: str = "2026-05-01.log", site: str = "docs", *, at: int = 0) -> None:
    """Write a log into the folder of a site, with `at` as its modification time."""
    path = root / "logs" / site / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    if at:
        os.utime(path, (at, at))


def run_doctor(root: Path, keys: str = "", sites: str = "{docs: {}}") -> DoctorResult:
    """Run the doctor on a project whose logs are in the folder."""
    (root / "mtc.yaml").write_text(f"{FOLDER.replace('KEYS', keys)}sites: {sites}\n")
    return run_checks(load(root / "mtc.yaml"), Scope(), lambda: NOW, limit=60)


def run_doctor_on_s3(root: Path, url: str, bucket: str, *, limit: float = 60) -> DoctorResult:
    """Run the doctor on a project whose logs are in a bucket."""
    (root / "mtc.yaml").write_text(S3.replace("BUCKET", bucket).replace("URL", url))
    project = load(root / "mtc.yaml", environ={"KEY": ACCESS_KEY, "SECRET": SECRET_KEY})
    return run_checks(project, Scope(), lambda: NOW, limit=limit)


def findings_about(found: DoctorResult, about: str = NEWEST) -> list[tuple[Level, str]]:
    """Return the level and text of the findings about a subject."""
    return [(one.level, one.what) for one in found.findings if one.about == about]


def only_finding(found: DoctorResult, about: str = NEWEST) -> Finding:
    """Return the only finding about a subject."""
    (one,) = [one for one in found.findings if one.about == about]
    return one


def test_the_format_and_the_counts_of_the_newest_log_are_reported(tmp_path: Path) -> None:
    """The finding gives the format, the counts with the site's filters, and the path of the log."""
    put(tmp_path, log_bytes(line(), line("/a.css"), line("/gone", status=404), "no line"))
    told = only_finding(run_doctor(tmp_path))
    assert (told.level, told.hint) == (Level.OK, "")
    assert told.what == "is read as combined; its first lines: 1 hits, 2 filtered, 1 rejected"
    assert told.where == str(tmp_path / "logs" / "docs" / "2026-05-01.log")
    own = only_finding(run_doctor(tmp_path, sites="{docs: {filters: {errors: true, static: true}}}"))
    assert own.what == "is read as combined; its first lines: 3 hits, 0 filtered, 1 rejected"


def test_the_newest_log_is_the_last_modified_of_the_last_day(tmp_path: Path) -> None:
    """The newest log is the non-empty one of the last day with the latest modification time."""
    put(tmp_path, log_bytes(*[line()] * 9), "2026-05-01.log", at=3_000)
    put(tmp_path, log_bytes(*[line()] * 4), "2026-05-02.b.log", at=1_000)
    put(tmp_path, log_bytes(*[line()] * 2), "2026-05-02.a.log", at=2_000)
    put(tmp_path, b"", "2026-05-02.c.log", at=4_000)
    assert HITS.format(2) in only_finding(run_doctor(tmp_path)).what
    (tmp_path / "logs" / "docs" / "2026-05-02.a.log").write_bytes(b"")
    assert HITS.format(4) in only_finding(run_doctor(tmp_path)).what


def test_empty_logs_are_not_checked(tmp_path: Path) -> None:
    """Empty logs are not read, and a compressed log without lines is reported as such."""
    put(tmp_path, b"")
    assert findings_about(run_doctor(tmp_path)) == []
    put(tmp_path, gzip.compress(b""), "2026-05-02.log.gz")
    assert findings_about(run_doctor(tmp_path)) == [(Level.OK, "has no line to look at")]


def test_a_proxy_as_the_only_client_is_reported_with_a_fix(tmp_path: Path) -> None:
    """A log whose clients are all one proxy is a warning, and the suggested setting resolves it."""
    put(tmp_path, forwarded())
    read, warned = [one for one in run_doctor(tmp_path).findings if one.about == NEWEST]
    assert (read.level, warned.level) == (Level.OK, Level.WARNING)
    assert warned.what == f"every client is 10.0.0.1, and {PROXIED}"
    remedy = "client: {from: [forwarded_for, ip]}"
    assert f"`source: {{{remedy}}}`" in warned.hint
    assert only_finding(run_doctor(tmp_path, f", {remedy}")).level is Level.OK


@pytest.mark.parametrize(
    ("data", "keys", "what", "hint"),
    [
        (log_bytes("what", "is", "this"), "", "no known format reads this file", "name the format with `format:`"),
        (
            log_bytes(line(), line()),
            ", format: common",
            "none of its 2 lines could be read as common",
            "name the right",
        ),
        (
            log_bytes('{"time": "2026-05-01T12:00:00Z", "ip": "192.0.2.1", "path": "/", "method": "GET"}'),
            "",
            "finds no status in this file: errors and redirects would count as hits",
            "fields: {status: NAME}",
        ),
        (
            log_bytes(*[line()] * 99, *["no line"] * 99),
            "",
            "99 of 198 lines could not be read as combined",
            "max_rejected",
        ),
    ],
)
def test_a_log_that_an_import_would_refuse_is_a_warning_with_a_hint(
    tmp_path: Path, data: bytes, keys: str, what: str, hint: str
) -> None:
    """A log that an import would refuse is a warning with a hint, as the other logs may be readable."""
    put(tmp_path, data)
    found = run_doctor(tmp_path, keys)
    told = only_finding(found)
    assert (told.level, found.has_problem) == (Level.WARNING, False)
    assert what in told.what
    assert hint in told.hint
    assert told.where.endswith("2026-05-01.log")


@pytest.mark.parametrize(
    "pack", [bytes, gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress]
)
def test_only_the_first_block_of_a_large_log_is_read(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    """Only the first block is read; its cut end is neither damage nor a rejected line, compressed or not."""
    many = log_bytes(*(line(f"/{at * 7_919 % 99_991}/{at * 104_729 % 1_299_709}") for at in range(60_000)))
    put(tmp_path, pack(many))
    told = only_finding(run_doctor(tmp_path))
    assert told.level is Level.OK
    assert told.what.startswith("is read as combined; its first lines: 1,")
    assert told.what.endswith("0 filtered, 0 rejected")


def test_a_truncated_log_is_a_warning(tmp_path: Path) -> None:
    """A truncated compressed log is a warning, as nothing of it would be loaded."""
    put(tmp_path, gzip.compress(forwarded())[:-9], "2026-05-01.log.gz")
    told = only_finding(run_doctor(tmp_path))
    assert (told.level, told.what) == (Level.WARNING, "the file is cut off in mid-stream")
    assert told.hint


def test_a_tar_archive_is_reported(tmp_path: Path) -> None:
    """A tar archive with the name of a log is reported as one."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as members:
        member = tarfile.TarInfo("access.log")
        member.size = len(forwarded())
        members.addfile(member, io.BytesIO(forwarded()))
    put(tmp_path, out.getvalue(), "2026-05-01.log.gz")
    assert "tar" in only_finding(run_doctor(tmp_path)).what


def test_an_incomplete_last_line_is_ignored(tmp_path: Path) -> None:
    """An incomplete last line is ignored, as a server may still be writing it."""
    put(tmp_path, log_bytes(line(), line()) + line()[:50].encode())
    assert HITS.format(2) in only_finding(run_doctor(tmp_path)).what


def test_a_log_in_another_encoding_is_decoded(tmp_path: Path) -> None:
    """A log is decoded by its byte order mark, or by `encoding` in the manifest."""
    text = log_bytes(*[line("/ä")] * 9_000).decode()
    put(tmp_path, text.encode("utf-16"))
    assert only_finding(run_doctor(tmp_path)).level is Level.OK
    put(tmp_path, text.encode("utf-16-le"))
    assert only_finding(run_doctor(tmp_path, ", encoding: utf-16-le")).what.endswith("0 rejected")


def test_only_a_small_parquet_file_is_read(tmp_path: Path) -> None:
    """A small Parquet file is read; a large one is not, as its schema is at its end."""
    for rows, what in ((3, HITS.format(3)), (90_000, "is a Parquet file")):
        path = tmp_path / "logs" / "docs" / "2026-05-01.log"
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = "'2026-05-01T12:00:00Z' AS ts, '192.0.2.1' AS client_ip, 200 AS http_status, '/' || uuid() AS uri"
        duckdb.sql(f"COPY (SELECT {fields} FROM range({rows})) TO '{path}' (FORMAT parquet)")
        told = only_finding(run_doctor(tmp_path))
        assert (told.level, what in told.what) == (Level.OK, True), told


HOSTILE = "\x1b[2J\x1b]0;owned\x07\u202egpj.exe\x9b31m\r"


@pytest.mark.parametrize("keys", ["", ", format: combined"])
def test_control_characters_of_a_log_are_escaped(tmp_path: Path, keys: str) -> None:
    """Control characters in lines and keys are escaped in text and JSON output."""
    put(tmp_path, log_bytes(f"no line {HOSTILE}", HOSTILE), "2026-05-01\u202egpj.log")
    found = run_doctor(tmp_path, keys)
    assert only_finding(found).level is Level.WARNING
    text = doctor_text(found.findings)
    assert "\\x1b[2J" in text
    assert not [letter for letter in text if letter != "\n" and not letter.isprintable()]
    assert doctor_json(found.findings).isascii()
    assert [json.loads(one)["level"] for one in doctor_json(found.findings).splitlines()]


def test_equal_findings_of_sites_are_joined_in_text_and_separate_in_json(tmp_path: Path) -> None:
    """Text output joins equal findings and names the first sites; JSON has one finding for each site."""
    names = [f"site{number}" for number in range(6)]
    for name in names:
        put(tmp_path, forwarded(), site=name)
    findings = run_doctor(tmp_path, sites=f"{{{', '.join(f'{name}: {{}}' for name in names)}}}").findings
    told = [one for one in doctor_text(findings).splitlines() if PROXIED in one]
    assert len(told) == 1
    first = tmp_path / "logs" / "site0" / "2026-05-01.log"
    about = "newest log of site0, newest log of site1, newest log of site2, and 3 more"
    assert told == [f"warning  {about}: every client is 10.0.0.1, and {PROXIED} ({first}, and 5 more)"]
    assert sum(PROXIED in one for one in doctor_json(findings).splitlines()) == len(names)


def test_different_findings_of_sites_are_reported_separately(tmp_path: Path) -> None:
    """Findings that differ in detail are reported separately: each site has another proxy."""
    for number, name in enumerate(("docs", "shop")):
        put(tmp_path, forwarded(proxy=f"10.0.0.{number}"), site=name)
    findings = run_doctor(tmp_path, sites="{docs: {}, shop: {}}").findings
    assert len([one for one in doctor_text(findings).splitlines() if PROXIED in one]) == 2


@pytest.fixture
def bucket(s3: S3Server) -> str:
    """A bucket with two logs of docs, the newer one smaller, and one log of shop."""
    name = s3.bucket()
    s3.put(name, "docs/2026-05-01.log", forwarded(30_000))
    s3.put(name, "docs/2026-05-02.log.gz", gzip.compress(forwarded(20_000)))
    s3.put(name, "shop/2026-05-02.log", log_bytes(*[line()] * 30_000))
    return name


def test_only_the_first_block_of_an_s3_object_is_requested(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """For each site, only the first block of one log and one byte of its largest log are requested."""
    sizes: list[int] = []

    def measured(headers: Headers, body: bytes) -> tuple[Headers, bytes]:
        sizes.append(len(body))
        return headers, body

    proxy.faults = [Fault(r"^GET /[^?]*\.log", alter=measured)]
    found = run_doctor_on_s3(tmp_path, proxy.url, bucket)
    assert len(sizes) == 4
    assert sorted(sizes)[:2] == [1, 1]
    assert max(sizes) == 256 << 10
    shop, docs = only_finding(found, "newest log of shop"), [one for one in found.findings if one.about == NEWEST]
    assert (shop.level, shop.where) == (Level.OK, f"s3://{bucket}/shop/2026-05-02.log")
    assert [(one.level, one.where) for one in docs] == [
        (Level.OK, f"s3://{bucket}/docs/2026-05-02.log.gz"),
        (Level.WARNING, f"s3://{bucket}/docs/2026-05-02.log.gz"),
    ]
    assert PROXIED in docs[1].what


def test_an_unreadable_object_is_a_separate_finding(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """An unreadable newest log is a problem though the source can be listed; no credentials are shown."""
    proxy.faults = [Fault(r"^GET .*docs/2026-05-02\.log", "answer", 403, "AccessDenied")]
    found = run_doctor_on_s3(tmp_path, proxy.url, bucket)
    told = only_finding(found)
    assert (told.level, told.what) == (Level.PROBLEM, "access denied (AccessDenied)")
    assert told.where == f"s3://{bucket}/docs/2026-05-02.log.gz"
    assert "s3:GetObject" in told.hint
    assert findings_about(found, "source of docs")[0][0] is Level.OK
    assert only_finding(found, "newest log of shop").level is Level.OK
    assert not [secret for secret in (ACCESS_KEY, SECRET_KEY) if secret in repr(found)]


def test_a_stalled_object_blocks_no_other_check(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """The time limit applies to each check: a stalled download does not hide the findings about the source."""
    proxy.faults = [Fault(r"^GET .*docs/2026-05-02\.log", "stall")]
    found = run_doctor_on_s3(tmp_path, proxy.url, bucket, limit=8)
    assert findings_about(found) == [(Level.PROBLEM, "no answer within 8 s")]
    assert findings_about(found, "source of docs")[0][0] is Level.OK
    assert only_finding(found, "newest log of shop").level is Level.OK


def test_an_object_removed_during_the_checks_is_a_warning(bucket: str, proxy: Proxy, tmp_path: Path) -> None:
    """A log that is removed between listing and reading is a warning."""
    proxy.faults = [Fault(r"^GET .*docs/2026-05-02\.log", "answer", 404, "NoSuchKey")]
    told = only_finding(run_doctor_on_s3(tmp_path, proxy.url, bucket))
    assert (told.level, bool(told.hint)) == (Level.WARNING, True)


BEFORE_THE_CHECKS = """
import sys
from pathlib import Path
from mtc.core.background import run_parallel
from mtc.doctor import newest_logs
from mtc.doctor.doctor import run_checks
from mtc.engine.selection import Scope
from mtc.manifest.load import load

def checked(jobs, limit):
    print("yaml_rs" in sys.modules)
    return run_parallel(jobs, limit=limit)

newest_logs.run_parallel = checked
run_checks(load(Path("mtc.yaml")), Scope())
"""


def test_the_user_agent_parser_is_loaded_before_the_checks(tmp_path: Path) -> None:
    """The parser's allocator belongs to the thread that loads it, so it is loaded before the threads of the checks."""
    put(tmp_path, log_bytes(line()))
    (tmp_path / "mtc.yaml").write_text(f"{FOLDER.replace('KEYS', '')}sites: {{docs: {{}}}}\n")
    environment = {**os.environ, "PYTHONPATH": str(Path(mtc.__file__).parents[1])}
    command = [sys.executable, "-c", BEFORE_THE_CHECKS]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


GROWING = 'version: 1\ndates: today\nsource: {url: "URL"MORE}\nsites: {docs: {}}\n'


def put_rotated_logs(root: Path, files: int = 3) -> None:
    """Write a log with its rotated files, the older ones compressed, an hour apart."""
    for number in range(files):
        data = log_bytes(*[line()] * (number + 1))
        name = "access.log" if not number else f"access.log.{number}" + ".gz" * (number > 1)
        put(root, gzip.compress(data) if number > 1 else data, name, ".", at=1_777_800_000 - number * 3600)


def test_growing_logs_are_listed_and_the_newest_is_checked(tmp_path: Path) -> None:
    """Growing logs are listed for any day, the newest one is read, and no file is created."""
    put_rotated_logs(tmp_path)
    (tmp_path / "mtc.yaml").write_text(GROWING.replace("URL", "logs/access.log*").replace("MORE", ""))
    before = sorted(tmp_path.rglob("*"))
    found = run_checks(load(tmp_path / "mtc.yaml"), Scope(), lambda: NOW, limit=60)
    assert sorted(tmp_path.rglob("*")) == before
    assert findings_about(found, "source of docs") == [
        (Level.OK, "3 logs that may grow, last written to on 2026-05-03 at 09:20"),
    ]
    assert only_finding(found).where == f"{tmp_path}/logs/access.log"
    assert HITS.format(1) in only_finding(found).what
    for path in (tmp_path / "logs").iterdir():
        path.unlink()
    found = run_checks(load(tmp_path / "mtc.yaml"), Scope(), lambda: NOW, limit=60)
    assert findings_about(found, "source of docs") == [(Level.WARNING, "no log fits the URL")]


def test_the_newest_growing_log_may_be_compressed(tmp_path: Path) -> None:
    """The first lines of a compressed newest log are read."""
    put(tmp_path, gzip.compress(log_bytes(*[line()] * 5)), "access.log-20260502.gz", ".")
    (tmp_path / "mtc.yaml").write_text(GROWING.replace("URL", "logs/access.log*").replace("MORE", ""))
    found = run_checks(load(tmp_path / "mtc.yaml"), Scope(), lambda: NOW, limit=60)
    assert HITS.format(5) in only_finding(found).what


def test_the_newest_log_of_each_name_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rotated logs are grouped by name; each warning is a finding, and the number of checked names is reported."""
    put_rotated_logs(tmp_path)
    names = ["b.log", "b.log.1", "b.log.2.gz", "web2.log-20260502.gz", "web2.log-2026050123.gz", "web1-2026-05-01.log"]
    for at, name in enumerate(names):
        data = b"no access log\n" * 9 if name in {"b.log", "b.log.1", "web2.log-2026050123.gz"} else log_bytes(line())
        put(tmp_path, gzip.compress(data) if name.endswith("gz") else data, name, ".", at=1_777_700_000 - at)
    (tmp_path / "mtc.yaml").write_text(GROWING.replace("URL", "logs/*").replace("MORE", ""))
    found = run_checks(load(tmp_path / "mtc.yaml"), Scope(), lambda: NOW, limit=60)
    newest = [(one.level, one.where.rpartition("/")[2]) for one in found.findings if one.about == NEWEST]
    assert newest == [(Level.OK, "access.log"), (Level.WARNING, "b.log")]
    assert findings_about(found, "other logs of docs") == [
        (Level.OK, "the newest log of 3 other names was looked into: 1 with warnings, see above"),
    ]
    (tmp_path / "logs/b.log").write_bytes(log_bytes(line()))
    monkeypatch.setattr("mtc.doctor.newest_logs._MOST", 3)
    found = run_checks(load(tmp_path / "mtc.yaml"), Scope(), lambda: NOW, limit=60)
    what = "the newest log of 2 other names was looked into: nothing is wrong; of 1 more it was not"
    assert findings_about(found, "other logs of docs") == [(Level.OK, what)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_rotated_logs_are_a_problem(tmp_path: Path) -> None:
    """An unreadable rotated log is a problem, as an import step would fail; it is one finding if none is readable."""
    put_rotated_logs(tmp_path)
    (tmp_path / "logs/access.log.2.gz").chmod(0)
    (tmp_path / "mtc.yaml").write_text(GROWING.replace("URL", "logs/access.log*").replace("MORE", ""))
    found = run_checks(load(tmp_path / "mtc.yaml"), Scope(), lambda: NOW, limit=60)
    what = f"1 of 3 logs cannot be read, such as {tmp_path}/logs/access.log.2.gz: no permission to read"
    assert findings_about(found, "source of docs")[1:] == [(Level.PROBLEM, what)]
    for path in (tmp_path / "logs").iterdir():
        path.chmod(0)
    found = run_checks(load(tmp_path / "mtc.yaml"), Scope(), lambda: NOW, limit=60)
    assert findings_about(found, "source of docs") == [(Level.PROBLEM, "no permission to read")]


def test_compressed_growing_logs_in_s3_are_checked(s3: S3Server, tmp_path: Path) -> None:
    """Doctor accepts compressed growing logs in S3."""
    bucket = s3.bucket()
    s3.put(bucket, "www/access.log-20260501.gz", gzip.compress(forwarded(20_000)))
    s3.put(bucket, "www/access.log-20260502.gz", gzip.compress(log_bytes(*[line()] * 5)))
    source = GROWING.replace("URL", f"s3://{bucket}/www/*").replace("MORE", ", credentials: store")
    (tmp_path / "mtc.yaml").write_text(source + S3[S3.index("credentials:\n") :].replace("URL", s3.url))
    environ = {"KEY": ACCESS_KEY, "SECRET": SECRET_KEY}
    found = run_checks(load(tmp_path / "mtc.yaml", environ=environ), Scope(), lambda: NOW, limit=60)
    [(level, what)] = findings_about(found, "source of docs")
    assert (level, what.split(",")[0]) == (Level.OK, "2 logs that may grow")
    assert findings_about(found)[0][0] is Level.OK
