"""Copies, outputs and logs of other sites that a source would list are found with the rules of the listing itself."""

import datetime as dt
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import ManifestError
from mtc.core.model import SourceObject
from mtc.manifest.load import load
from mtc.sources.folder import FolderSource
from mtc.sources.url_overlap import archive_meets_source
from mtc.sources.url_pattern import ArchiveUrl, SourceUrl

DAY = dt.date(2001, 2, 3)

PIECE = st.lists(st.sampled_from(["a", "b", "ab", "*", "?", "[ab]", "[!a]", "x"]), min_size=1, max_size=4).map("".join)
DATED = st.sampled_from(["{date:%F}", "{date:%Y%m%d}", "a{date:%F}*", "*{date:%F}b", "{date:%F}[ab]", "?{date:%Y%j}"])
FOLDERS = st.lists(st.one_of(PIECE, st.just("**")), max_size=2)


@st.composite
def sources(draw: st.DrawFn) -> str:
    """The URL of a source in a bucket."""
    pieces = [*draw(FOLDERS), draw(DATED), *draw(st.lists(PIECE, max_size=1))]
    if pieces.count("**") > 1 or any("**" in piece and piece != "**" for piece in pieces):
        pieces = [piece for piece in pieces if "**" not in piece]
    return "s3://k/" + "/".join(pieces)


ARCHIVED = st.lists(
    st.sampled_from(["a", "b", "{date:%F}", "{date:%Y%m%d}", "x{name}", "{name}a", "{key}", "{name}"]), max_size=3
).map(lambda pieces: "s3://k/" + "/".join([*pieces, "{name}"]))


@st.composite
def keys(draw: st.DrawFn, url: str) -> str:
    """A key of the day, with letters of the templates in place of each glob."""
    text = url.removeprefix("s3://k/").replace("**", draw(st.sampled_from(["a", "ab/b", "x"])))
    text = re.sub(r"\[!a\]|\[ab\]|\?", lambda match: draw(st.sampled_from("bx" if "!" in match[0] else "ab")), text)
    text = re.sub(r"\*", lambda _: draw(st.sampled_from(["", "a", "b", "ab", "2001-02-03", "x"])), text)
    return re.sub(r"\{date:([^}]*)\}", lambda match: DAY.strftime(match[1].replace("%F", "%Y-%m-%d")), text)


@given(data=st.data(), source=sources(), archive=ARCHIVED)
def test_no_copy_is_read_as_a_log_again(data: st.DataObject, source: str, archive: str) -> None:
    """If the listing would take a copy for a log, the manifest was refused, for any templates and keys."""
    pattern, template = SourceUrl.compile(source, "docs"), ArchiveUrl.compile(archive, "docs")
    key = data.draw(keys(source))
    if pattern.match(key) is None or "//" in key or key.startswith("/"):
        return
    copy = template.render(DAY, SourceObject(key, 1))
    if pattern.match(copy) is not None:
        assert archive_meets_source(source, archive, "docs", Path("/p")), (key, copy)


@pytest.mark.parametrize(
    ("source", "archive", "meets"),
    [
        ("logs/[a-z]*-{date:%F}.log", "logs/x{name}", True),
        ("logs/[a-z]*-{date:%F}.log", "logs/9{name}", False),
        ("logs/*[0-9].log{date:%F}", "logs/{name}", True),
        ("logs/{date:%F}/[!x]*.gz", "logs/{date:%F}/x{name}", False),
        ("logs/{date:%F}/[!x]*.gz", "logs/{date:%F}/y{name}", True),
        ("logs/{date:%F}*b?c", "logs/{name}c", True),
        ("logs/{date:%Y/%m/%d}/*", "logs/{date:%Y/%d/%m}/{name}", True),
        ("logs/{date:%F}/*", "logs/old/{key}", False),
        ("logs/**/{date:%F}*", "logs/old/{key}", True),
        ("logs/**/{date:%F}*", "logs/.old/{key}", False),
        ("s3://k/**/{date:%F}*", "s3://k/.old/{key}", True),
        ("./logs/../logs/{date:%F}/*", "logs/{key}", True),
        ("/p/logs/{date:%F}/*", "logs/{key}", True),
        ("link/{date:%F}/*", "logs/{key}", True),
        ("{site}/{date:%F}/*", "docs/{key}", False),
        ("{site}/{date:%F}/*", "{site}/{date:%F}/{name}", True),
    ],
)
def test_archive_copies_in_the_source_are_found(tmp_path: Path, source: str, archive: str, *, meets: bool) -> None:
    """With character classes, stars, other date orders, links, and other spellings of paths."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "link").symlink_to("logs")
    source, archive = (url.replace("/p/", f"{tmp_path}/") for url in (source, archive))
    assert archive_meets_source(source, archive, "docs", tmp_path) is meets


def problems(tmp_path: Path, text: str) -> list[str]:
    """Return the problems of a manifest."""
    (tmp_path / "m.yaml").write_text(f"version: 1\n{text}")
    try:
        load(tmp_path / "m.yaml", environ={})
    except ManifestError as error:
        return [f"{one.line}: {one.where}: {one.what}. {one.hint}" for one in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("source: {url: '**/{date:%F}*'}\nsites: {docs: {}}", "files of stats would be read as logs of docs"),
        ("source: {url: '*/*/{date:%F}[.]*'}\nsites: {docs: {}}", "files of stats would be read"),
        ("source: {url: 'w/**/date={date:%F}/*'}\nwarehouse: {path: w}\nsites: {docs: {}}", "warehouse and the source"),
        ("source: {url: '*/hits/*/date={date:%F}/*'}\nsites: {docs: {}}", "files of warehouse would be read"),
        ("source: {url: '{date:%F}*'}\nstate: 2026-05-01.db\nsites: {docs: {}}", "files of state would be read"),
        ("source: {url: '{site}/{date:%F}*'}\nsites: {docs: {}}", ""),
        ("source: {url: '{site}-{date:%F}*.log'}\nsites: {docs: {}}", ""),
        ("source: {url: '*/{date:%F}*.log'}\nsites: {docs: {}}", ""),
        ("source: {url: '*/{date:%F}*'}\nsites: {docs: {}}", ""),
    ],
)
def test_mtcs_own_files_in_the_source_are_found(tmp_path: Path, text: str, what: str) -> None:
    """The logs' folder contains the project's files; valid manifests pass."""
    found = problems(tmp_path, text)
    assert any(what in one for one in found) if what else found == []


SHARED = "{site} into the URL"


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("source: {url: 'logs/{date:%F}*'}\nsites: {docs: {}, shop: {}}", True),
        ("source: {url: 's3://k/{date:%F}/*'}\nsites: {docs: {}, shop: {}}", True),
        ("source: {url: 'logs/{site}*{date:%F}*'}\nsites: {docs: {}, docs2: {}}", True),
        ("source: {url: 'logs/{site}*{date:%F}*'}\nsites: {docs2: {}, docs: {}}", True),
        ("source: {url: 's3://k/{site}*/{date:%F}/*'}\nsites: {docs: {}, docs-old: {}}", True),
        (
            "sites:\n  docs: {source: {url: 'logs/x/{date:%F}'}}\n  shop: {source: {url: './logs/x/{date:%F}'}}",
            True,
        ),
        ("sites:\n  docs: {source: {url: 'logs/x/{date:%F}'}}\n  shop: {source: {url: 'logs/*/{date:%F}'}}", True),
        ("sites:\n  docs: {source: {url: 'logs/x/{date:%F}'}}\n  shop: {source: {url: 'HERE/logs/x/{date:%F}'}}", True),
        ("sites:\n  docs: {source: {url: 'logs/x/{date:%F}'}}\n  shop: {source: {url: 'link/x/{date:%F}'}}", True),
        ("source: {url: 'logs/{site}/{date:%F}*'}\nsites: {docs: {}, docs2: {}}", False),
        ("source: {url: 'logs/{site}-{date:%F}*'}\nsites: {docs: {}, docs-old: {}}", False),
        ("source: {url: 's3://{site}-logs/{date:%F}*'}\nsites: {docs: {}, shop: {}}", False),
        ("source: {url: 'logs/{date:%F}/*{site}*.gz'}\nsites: {docs: {}, shop: {}}", False),
        ("source: {url: 'logs/{date:%F}*'}\nsites: {docs: {hosts: [a.x]}, shop: {hosts: [b.x]}}", False),
        ("source: {url: 'logs/{date:%F}*'}\nsites: {docs: {hosts: [a.x]}, all: {}}", False),
        ("source: {url: 'logs/{date:%F}*'}\nsites: {docs: {filters: {include_paths: [/a*]}}, all: {}}", False),
        ("source: {url: 'logs/{date:%F}*'}\nsites: {docs: {hosts: [a.x]}, shop: {hosts: [a.x]}}", True),
    ],
)
def test_two_sites_that_read_the_same_logs_are_refused(tmp_path: Path, text: str, *, refused: bool) -> None:
    """URLs may be spelt differently; different line filters are allowed. The error has place and fix."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "link").symlink_to("logs")
    found = problems(tmp_path, text.replace("HERE", str(tmp_path)))
    assert [("each line would count for both" in one, SHARED in one) for one in found] == [(True, True)] * refused
    assert all(re.match(r"[2-9]: sites\.\w[\w-]*\.source\.url: ", one) for one in found)


def test_copies_of_one_site_in_the_source_of_another_are_refused(tmp_path: Path) -> None:
    """They would count for the other site."""
    text = (
        "sites:\n  docs: {source: {url: 'in/docs/{date:%F}*'}, archive: {url: 'in/shop/{name}'}}\n"
        "  shop: {source: {url: 'in/shop/{date:%F}*'}}"
    )
    (found,) = problems(tmp_path, text)
    assert "copies of docs would be in the source of shop" in found


def test_hundreds_of_sites_are_compared_quickly(tmp_path: Path) -> None:
    """Each pair is compared with only a few keys and calls."""
    sites = "".join(f"  s{number}: {{}}\n" for number in range(300))
    text = f"source: {{url: 'logs/{{site}}/{{date:%F}}*'}}\narchive: {{url: 'old/{{site}}/{{name}}'}}\nsites:\n{sites}"
    assert problems(tmp_path, text) == []


def test_the_rule_agrees_with_the_listing(tmp_path: Path) -> None:
    """A source that contains its archive does list the copies."""
    source = "logs/[a-z]*-{date:%F}.log"
    for name in ("logs/a-2001-02-03.log", "logs/xa-2001-02-03.log"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x\n")
    pattern = SourceUrl.compile(source, "docs")
    assert len(FolderSource(tmp_path / pattern.root, pattern).list_days([DAY])[DAY]) == 2
    assert archive_meets_source(source, "logs/x{name}", "docs", tmp_path)
