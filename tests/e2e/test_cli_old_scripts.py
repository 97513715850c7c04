"""Each of the older scripts has an equivalent command."""

import csv
import datetime as dt
import json

import pytest
from e2e_project import DAY, MANIFEST, NEXT, Place, line, noon

ALL = {
    f"{stage}:{site}:{day}" for stage in ("import", "stat", "csv") for site in ("docs", "shop") for day in (DAY, NEXT)
}


def rows(place: Place, name: str = "csv/summary.csv") -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with (place.root / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_run_all_daily(place: Place) -> None:
    """`mtc apply manifests/daily.yaml` imports every site for yesterday, as from cron."""
    zone, today = noon()
    yesterday = today - dt.timedelta(days=1)
    dates = f"dates: yesterday\ntimezone: {zone}"
    place.manifest(MANIFEST.replace("dates: {from: 2026-05-01, to: 2026-05-02}", dates))
    place.logs([yesterday - dt.timedelta(days=1), yesterday])
    place.mtc("apply", "manifests/daily.yaml")
    assert [(row["site"], row["day"]) for row in rows(place)] == [
        ("docs", str(yesterday)),
        ("shop", str(yesterday)),
    ]


def test_run_all_weekly(full: Place) -> None:
    """`mtc apply manifests/backfill.yaml --from START --to END` imports every site for a range."""
    full.manifest(MANIFEST.replace("name: daily", "name: backfill"), "backfill")
    full.log("docs", dt.date(2026, 5, 3))
    full.mtc("apply", "manifests/backfill.yaml", "--from", "2026-05-01", "--to", "2026-05-02")
    assert full.statuses() == dict.fromkeys(ALL, "done")


def test_core_mtc(full: Place) -> None:
    """`core/mtc.py SITE DATE` is `mtc import SITE DATE`: pull, import and push."""
    full.mtc("import", "docs", "2026-05-01")
    assert full.statuses() == {"import:docs:2026-05-01": "done"}
    assert full.files("archive") == {"archive/docs/2026/05/01/2026-05-01.log"}
    assert len(full.files("warehouse/hits")) == 1


def test_core_legacy(full: Place) -> None:
    """`core/legacy.py SITE START END` is `mtc import SITE START END`."""
    full.mtc("import", "docs", "2026-05-01", "2026-05-02")
    assert full.statuses() == {"import:docs:2026-05-01": "done", "import:docs:2026-05-02": "done"}


def test_stat_sh(full: Place) -> None:
    """`stat.sh SITE DATE` is `mtc stat SITE DATE`."""
    full.mtc("import", "docs", "2026-05-01", "2026-05-02")
    full.mtc("stat", "docs", "2026-05-01")
    assert full.files("stats") == {"stats/docs/2026-05-01.stat"}
    summary = json.loads((full.root / "stats/docs/2026-05-01.stat").read_text("utf-8"))["summary"]
    assert (summary["visits"], summary["actions"]) == (2, 3)


def test_get_stats_sh(full: Place) -> None:
    """`get_stats.sh SITE START END` is `mtc stat SITE START END`."""
    full.mtc("import", "docs", "2026-05-01", "2026-05-02")
    full.mtc("stat", "docs", "2026-05-01", "2026-05-02")
    assert full.files("stats") == {"stats/docs/2026-05-01.stat", "stats/docs/2026-05-02.stat"}


def test_create_csv_sh(full: Place) -> None:
    """`create_csv.sh` is `mtc csv`, which reads the existing `.stat` files."""
    full.mtc("import", "docs", "2026-05-01", "2026-05-02")
    full.mtc("stat", "docs", "2026-05-01", "2026-05-02")
    full.mtc("csv")
    assert [row["day"] for row in rows(full)] == ["2026-05-01", "2026-05-02"]


def test_create_csv_sh_over_files_of_another_machine(full: Place) -> None:
    """A `.stat` file that is not in the state has a row like any other."""
    full.mtc("apply", "-q", "--site", "docs")
    for folder in (".mtc", "warehouse", "csv"):
        (full.root / folder).rename(full.root / f"{folder} of another machine")
    full.mtc("csv")
    assert [row["day"] for row in rows(full)] == ["2026-05-01", "2026-05-02"]


def test_create_csv_sh_over_no_files(place: Place) -> None:
    """Without `.stat` files, `mtc csv` has no steps and succeeds."""
    assert "no steps" in place.mtc("csv").err


def test_aws_config(place: Place) -> None:
    """`mtc convert .aws_config` writes a manifest without secrets, valid once the buckets are set."""
    place.write(
        ".aws_config",
        "aws_pull_access_key: AKIAPULLPULLPULL\n"
        "aws_pull_secret: pull-secret-value\n"
        "aws_push_access_key: AKIAPUSHPUSHPUSH\n"
        "aws_push_secret: push-secret-value\n"
        "sites:\n"
        "  docs: 1\n"
        "  Shop Berlin: 2\n"
        "piwik_ip: 192.0.2.7\n",
    )
    done = place.mtc("convert", ".aws_config", "-o", "manifests/old.yaml")
    text = (place.root / "manifests/old.yaml").read_text("utf-8")
    assert not any(secret in text + done.out + done.err for secret in ("PULLPULL", "PUSHPUSH", "secret-value"))
    assert "${" in text
    assert "REPLACE-ME is still to be replaced" in place.mtc("validate", "manifests/old.yaml", code=2).err
    place.write("manifests/old.yaml", text.replace("REPLACE-ME", "acme"))
    assert place.mtc("validate", "manifests/old.yaml").lines[-1] == "1 file valid"
    assert "is in Piwik already" in done.err
    assert done.lines[-1].startswith("wrote manifests/old.yaml; next: ")


def test_convert_writes_only_the_manifest_to_stdout(place: Place) -> None:
    """Notes go to stderr, so that stdout can be redirected to a file."""
    place.write(".aws_config", "aws_pull_access_key: a\naws_pull_secret: b\nsites: {docs: 1}\n")
    done = place.mtc("convert", ".aws_config")
    assert "-o manifests/daily.yaml" in done.lines[-1]
    place.write("manifests/old.yaml", done.out.replace("REPLACE-ME", "acme"))
    place.mtc("validate", "manifests/old.yaml")


@pytest.mark.parametrize("environment", ["staging", "import", "archive"])
def test_three_machines(full: Place, environment: str) -> None:
    """The machines for staging, import and archive are environments; staging has its own state file."""
    more = "  import: {archive: null}\n  archive: {stages: [import]}\n"
    full.manifest(MANIFEST + more)
    full.mtc("apply", "--env", environment, "-q")
    root = "staging/" if environment == "staging" else ""
    assert (full.root / f"{root}.mtc/state.db").exists()
    assert bool(full.files(f"{root}warehouse/hits"))
    assert bool(full.files("archive")) == (environment == "archive")
    assert bool(full.files(f"{root}csv")) == (environment != "archive")
    assert full.mtc("plan", "--env", environment, "--exit-code").code == 0


def test_staging_does_not_affect_production(full: Place) -> None:
    """Steps done in staging are not done for production."""
    full.mtc("apply", "--env", "staging", "-q")
    full.mtc("plan", "--exit-code", code=4)


def test_a_log_of_the_second_day_updates_the_first(full: Place) -> None:
    """Lines after midnight count on their own day, whichever log they are in."""
    full.mtc("apply", "-q")
    full.log("docs", NEXT, line(DAY, "/late.html", client="192.0.2.9") + line(NEXT), name="-late")
    done = full.mtc("apply", "--date", "2026-05-02", "--json")
    assert [event["step"] for event in done.events("StepFinished")] == [
        "import:docs:2026-05-02",
        "stat:docs:2026-05-01",
        "stat:docs:2026-05-02",
        "csv:docs:2026-05-01",
        "csv:docs:2026-05-02",
    ]
    assert [row["visits"] for row in rows(full) if row["site"] == "docs"] == ["3", "2"]


def test_a_log_compressed_after_its_import_counts_once(full: Place) -> None:
    """A log that is rotated and compressed after its import counts once."""
    full.mtc("apply", "-q")
    before = full.content("csv")
    path = full.root / "logs/docs/2026-05-01.log"
    full.log("docs", DAY, path.read_text("utf-8"), packed=True)
    path.unlink()
    full.mtc("apply", "-q")
    assert full.content("csv") == before
    assert full.mtc("plan", "--exit-code").code == 0
