"""`mtc verify` as a process: table or JSON on stdout, notes on stderr, 3 for differences and failures."""

import json
from pathlib import Path

import pytest
from e2e_project import DAY, MANIFEST, Place

from tests.fake_matomo.client import hit, send
from tests.fake_matomo.server import FakeMatomo
from tests.fake_matomo.settings import SUPER, Settings, Site

SITES = (Site(1, "docs", ("https://docs.example.org",)), Site(2, "shop", ("https://shop.example.org",)))
WITH_MATOMO = MANIFEST + "matomo: {url: '${STATS_URL}', token: '${STATS_TOKEN}'}\n"


def test_an_applied_project_agrees_and_ends_with_0(applied: Place) -> None:
    """The table has a row for each site and day, and without a server no column for Matomo."""
    done = applied.mtc("verify")
    lines = done.out.splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["docs", "2026-05-01"],
        ["docs", "2026-05-02"],
        ["shop", "2026-05-01"],
        ["shop", "2026-05-02"],
    ]
    assert all(line.endswith("  ok") for line in lines[1:5])
    assert lines[-1] == "4 days checked: no differences"
    assert "Matomo" not in done.out
    assert done.err == ""


def test_sites_and_days_can_be_selected(applied: Place) -> None:
    """--site, --date, --from and --to select days; a day that was not imported has a note."""
    found = json.loads(
        applied.mtc("verify", "--site", "shop", "--from", "2026-05-02", "--to", "2026-05-03", "--json").out
    )
    assert [(day["site"], day["day"], day["hits"], day["notes"]) for day in found["days"]] == [
        ("shop", "2026-05-02", 3, []),
        ("shop", "2026-05-03", None, ["not imported"]),
    ]
    assert len(applied.mtc("verify", "--date", "2026-05-01").out.splitlines()) == 5


def test_verify_writes_nothing(applied: Place) -> None:
    """`verify` changes no file."""
    before = applied.content(".")
    applied.mtc("verify")
    assert applied.content(".") == before


def test_a_project_that_was_never_applied_has_no_differences(full: Place) -> None:
    """A project without a state file has no days, and no state file is created."""
    assert full.mtc("verify").out == "0 days checked: no differences\n"
    assert not (full.root / ".mtc").exists()


def test_any_difference_ends_with_3(full: Place) -> None:
    """The table shows the first difference of a day, and JSON all of them with their size."""
    full.mtc("apply", "-q")
    path = full.root / "stats" / "docs" / f"{DAY}.stat"
    path.write_text(path.read_text().replace('"actions": 3', '"actions": 8', 1))
    done = full.mtc("verify", code=3)
    (row,) = [line for line in done.out.splitlines() if line.startswith("docs  2026-05-01")]
    assert row.endswith("  the .stat file is not as it was written (and 2 more)")
    assert done.out.splitlines()[-1] == "4 days checked: 1 with differences"
    found = json.loads(full.mtc("verify", "--json", code=3).out)
    assert found["agrees"] is False
    assert found["days"][0]["disagreements"][1] == {"what": "the .stat has 8 actions, the warehouse 3 hits", "by": 5}


def test_a_failed_import_ends_with_3(full: Place) -> None:
    """A failed import ends with 3 even without differences, and is in the summary."""
    path = full.root / "logs" / "docs" / f"{DAY}.log.gz"
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_bytes(b"no log")
    full.mtc("apply", "-q", code=3)
    done = full.mtc("verify", code=3)
    (row,) = [line for line in done.out.splitlines() if line.startswith("docs  2026-05-01")]
    assert row.endswith("  the import failed")
    assert done.out.splitlines()[-1] == "4 days checked: no differences; 1 import failed or blocked"
    assert json.loads(full.mtc("verify", "--json", code=3).out)["agrees"] is False


@pytest.mark.parametrize("answers", ["warehouse", "matomo"])
def test_matomo_counts_the_delivered_hits(full: Place, answers: str) -> None:
    """Matomo's counts agree with either source of statistics, until another tracker adds a hit."""
    full.manifest(f"{WITH_MATOMO}stats: {{from: {answers}}}\n")
    with FakeMatomo(Settings(sites=SITES)) as matomo:
        full.environment |= {"STATS_URL": matomo.url, "STATS_TOKEN": SUPER}
        full.mtc("apply", "-q")
        assert "no differences" in full.mtc("verify").out
        send(matomo, [hit()])
        more = full.mtc("verify", "--date", "2026-05-01", code=3)
    assert "more than delivered: Matomo counts 4 actions of 3 hits" in more.out
    assert SUPER not in more.out + more.err


def test_without_the_server_the_rest_is_compared(full: Place) -> None:
    """An unreachable server ends with 3, and the rest is compared."""
    full.mtc("apply", "-q")
    full.manifest(WITH_MATOMO)
    with FakeMatomo() as gone:
        url = gone.url
    done = full.mtc("verify", "--date", "2026-05-01", "--site", "docs", code=3, STATS_URL=url, STATS_TOKEN=SUPER)
    assert "not verified: Matomo did not answer for docs: " in done.out
    assert "3 hits of 1 log file are not delivered" in done.out


def test_credentials_of_sources_are_not_needed(full: Place) -> None:
    """`verify` does not need the credentials of sources."""
    full.mtc("apply", "-q")
    source = "url: logs/{site}/{date:%Y-%m-%d}*.log*"
    bucket = 'url: "s3://bucket/{site}/{date:%Y-%m-%d}*.log*"\n  credentials: pull'
    keys = "credentials: {pull: {access_key_id: '${NO_KEY}', secret_access_key: '${NO_SECRET}'}}\n"
    full.manifest(MANIFEST.replace(source, bucket) + keys)
    assert Path(full.root, "manifests", "daily.yaml").read_text().count("s3://") == 1
    assert "no differences" in full.mtc("verify").out
