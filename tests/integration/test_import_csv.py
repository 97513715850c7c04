"""CSV files with header rows through the import: whole, in slices and together, every line keeps its object."""

from pathlib import Path

import pytest
from import_step import ALL, BY_DATABASE, IN_SLICES, Workshop

HEADER = "time;client_ip;url;status;user_agent"
ROW = '2026-05-01 10:05:03;192.0.2.7;{};200;"a; ""b"""'
BUNDLINGS = {"whole": BY_DATABASE, "in slices": IN_SLICES}


def export(*paths: str, mark: str = "", ends: str = "\n") -> bytes:
    """An export of requests for these paths."""
    return (mark + "".join(f"{line}{ends}" for line in (HEADER, *map(ROW.format, paths)))).encode()


@pytest.mark.parametrize("bundling", BUNDLINGS)
@pytest.mark.parametrize("form", ["auto", "csv"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_every_object_has_its_own_header_and_lines(
    tmp_path: Path, bundling: str, form: str, mark: str, ends: str
) -> None:
    """One may be several exports, have lines that are none, or no requests at all."""
    workshop = Workshop(tmp_path)
    first = export(*(f"/{number}" for number in range(30)), mark=mark, ends=ends)
    objects = {
        "a.csv": first,
        "b.csv": first + export("/twice", mark=mark, ends=ends) + b"junk\n",
        "c.csv": export(mark=mark, ends=ends),
        "d.csv": export("/last", mark=mark, ends=ends).rstrip(),
    }
    stage = workshop.stage(ALL, form=form, bundling=BUNDLINGS[bundling])
    outcome = workshop.run(*(workshop.write(key, data) for key, data in objects.items()), stage=stage)
    counts = {key: outcome.accounting(key) for key in objects}
    assert {key: (each.lines, each.hits) for key, each in counts.items()} == {
        "a.csv": (31, 30), "b.csv": (34, 31), "c.csv": (1, 0), "d.csv": (2, 1)
    }  # fmt: skip
    assert [each.filtered["header"] for each in counts.values()] == [1, 2, 1, 1]
    assert [(one.object, one.line, one.text) for one in outcome.rejected()] == [("b.csv", 34, "junk")]
    assert [(hit.line, hit.path) for hit in outcome.hits("d.csv")] == [(2, "/last")]
    assert {hit.user_agent for hit in outcome.hits("a.csv")} == {'a; "b"'}
    assert all(each.balanced for each in counts.values())
