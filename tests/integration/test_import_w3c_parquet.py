"""CloudFront logs as Parquet: each row is a line, and all else is as with text."""

import hashlib
from pathlib import Path

import duckdb
import pytest
from import_step import ALL, BY_DATABASE, Workshop, line, text

from mtc.core.errors import PermanentError
from mtc.core.model import SourceObject
from mtc.stages.import_.bundles import Bundling

NAMES = (
    "date time x_edge_location sc_bytes c_ip cs_method cs_host cs_uri_stem sc_status cs_referer cs_user_agent"
    " x_host_header"
)
ROW = "2026-05-01 10:05:03 CDG50 5120 192.0.2.1 GET d1.cloudfront.net /x 200 - A%20b -"


def write(workshop: Workshop, rows: int, key: str = "a.parquet", *, names: str = NAMES) -> SourceObject:
    """An object of rows, the paths of which are their numbers, the status a number and not a text."""
    texts = dict(zip(names.split(), [f"'{text}'" for text in ROW.split()], strict=True))
    texts |= {"cs_uri_stem": "'/' || n", "sc_status": "200"}
    columns = ", ".join(f'{text} AS "{name}"' for name, text in texts.items())
    path = workshop.root / key
    duckdb.execute(f"COPY (SELECT {columns} FROM range(1, {rows + 1}) AS t(n)) TO '{path}' (FORMAT parquet)")
    return workshop.write(key, path.read_bytes())


@pytest.mark.parametrize("bundling", [BY_DATABASE, Bundling(1000)])
@pytest.mark.parametrize("form", ["auto", "cloudfront_parquet"])
@pytest.mark.parametrize("names", [NAMES, NAMES.replace("cs_user_agent", "cs(User-Agent)").replace("c_ip", "c-ip")])
def test_every_row_is_a_line(tmp_path: Path, bundling: Bundling, form: str, names: str) -> None:
    """With its number, its fields, and the digest of the object that it is from; nothing is left in the spool."""
    workshop = Workshop(tmp_path)
    object_ = write(workshop, 50, names=names)
    outcome = workshop.run(object_, stage=workshop.stage(ALL, form=form, bundling=bundling))
    loaded = outcome.only
    assert (loaded.format, loaded.accounting.lines, loaded.accounting.hits) == ("cloudfront_parquet", 50, 50)
    assert {hit.line: hit.path for hit in outcome.hits(object_.key)} == {n: f"/{n}" for n in range(1, 51)}
    assert {(hit.ts, hit.user_agent) for hit in outcome.hits(object_.key)} == {("2026-05-01 10:05:03", "A b")}
    assert loaded.content == hashlib.sha256((tmp_path / "logs" / object_.key).read_bytes()).hexdigest()


def test_parquet_and_text_may_be_of_one_day(tmp_path: Path) -> None:
    """Each object is what it is, in any order; one without rows is loaded too."""
    workshop = Workshop(tmp_path)
    fields = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status"
    text = "\t".join(ROW.split()[:9])
    objects = [
        write(workshop, 3),
        workshop.write("b.log", f"#Version: 1.0\n{fields}\n{text}\n".encode()),
        write(workshop, 0, "c.parquet"),
        write(workshop, 2, "d.x"),
    ]
    outcome = workshop.run(*objects, stage=workshop.stage(ALL))
    assert {key: one.accounting.hits for key, one in outcome.loaded.items()} == {
        "a.parquet": 3, "b.log": 1, "c.parquet": 0, "d.x": 2
    }  # fmt: skip


@pytest.mark.parametrize("damage", ["cut off", "hole", "nothing"])
def test_a_damaged_file_fails_and_leaves_nothing(tmp_path: Path, damage: str) -> None:
    """Cut off, or with a hole in it: a whole copy is asked for."""
    workshop = Workshop(tmp_path)
    object_ = write(workshop, 1000)
    data = (tmp_path / "logs" / object_.key).read_bytes()
    damaged = {"cut off": data[:-9], "hole": data[:200] + bytes(400) + data[600:], "nothing": b"PAR1"}
    object_ = workshop.write("a.parquet", damaged[damage])
    with pytest.raises(PermanentError, match="damaged") as error:
        workshop.run(object_, stage=workshop.stage(ALL))
    assert error.value.where == "a.parquet"
    assert workshop.files() == []


@pytest.mark.parametrize("behind", [" ", "\n", "\t", "1", "-cache "])
def test_a_text_that_begins_like_parquet_is_a_text(tmp_path: Path, behind: str) -> None:
    """It may be the name of a host: `PAR1`, in Paris."""
    outcome = Workshop(tmp_path).read(f"PAR1{behind}\n".encode() + text(line("/1")))
    assert [hit.path for hit in outcome.hits()] == ["/1"]


def test_parquet_of_something_else_is_refused(tmp_path: Path) -> None:
    """Its columns are shown as they are called, hostile names among them."""
    workshop = Workshop(tmp_path)
    path = tmp_path / "x.parquet"
    duckdb.execute(f"""COPY (SELECT 1 AS "a""b'c", 2 AS "; DROP TABLE lines") TO '{path}' (FORMAT parquet)""")
    with pytest.raises(PermanentError, match="no known format reads this file"):
        workshop.run(
            workshop.write("x.parquet", path.read_bytes()),
            stage=workshop.stage(ALL.model_copy(update={"max_rejected": 0.05})),
        )
