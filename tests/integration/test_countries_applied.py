"""Adding, replacing and removing a country database: which steps `mtc apply` runs again."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from country_file import write_countries
from trial import MANIFEST, Trial

KEY = "stats: {countries: ./geo/countries.mmdb}\n"
WITH = MANIFEST + KEY.replace("{", "{{").replace("}", "}}")
TOLD = {"10.0.0.0/29": "FR", "10.0.0.8/29": "DE"}

# `mtc` on a machine without the extra.
BLOCKED = "import sys; sys.modules['maxminddb'] = None; from mtc.cli.main import main; sys.exit(main())"


def set_countries(trial: Trial, *, yes: bool = True) -> None:
    """Add the key to the manifest, or remove it."""
    file = trial.root / "mtc.yaml"
    file.write_text(file.read_text("utf-8").replace(KEY, "") + (KEY if yes else ""), "utf-8")


def stats(trial: Trial) -> dict[str, bytes]:
    return {str(path.relative_to(trial.root)): path.read_bytes() for path in trial.root.glob("stats/*/*.stat")}


def done(trial: Trial) -> dict[str, str]:
    """Apply, and return the verdict of each step that ran."""
    ended = trial.mtc("apply", "--json")
    assert ended.code == 0, ended.err
    events = [json.loads(line) for line in ended.out.splitlines()]
    return {event["step"]: event["verdict"] for event in events if event["event"] == "StepStarted"}


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """A project without a country database, fully applied."""
    trial = Trial.make(tmp_path / "project").with_logs()
    assert trial.apply().code == 0
    return trial


def test_adding_replacing_and_removing_the_database(trial: Trial) -> None:
    """Adding or removing the database recalculates statistics only; a newer file at the same path does not."""
    before = stats(trial)
    assert not any(b'"countries"' in data for data in before.values())
    assert not (trial.root / "csv/countries.csv").exists()

    write_countries(trial.root / "geo/countries.mmdb", TOLD)
    set_countries(trial)
    planned = trial.mtc("plan")
    assert "stats.countries: none → geo/countries.mmdb (mtc.yaml:12)" in planned.out + planned.err
    steps = done(trial)
    redone = {step for step, verdict in steps.items() if verdict == "manifest changed"}
    assert redone >= {f"stat:{Path(file).parent.name}:{Path(file).stem}" for file in before}
    assert not [step for step in steps if step.startswith("import:")]
    told = stats(trial)
    for data in told.values():
        document = json.loads(data)
        countries = document["tables"]["countries"]
        assert sum(row["visits"] for row in countries) == document["summary"]["visits"]
        assert {row["label"] for row in countries} <= {"FR", "DE", "Unknown"}
    with (trial.root / "csv/countries.csv").open(encoding="utf-8", newline="") as stream:
        assert {row["country"] for row in csv.DictReader(stream)} == {"FR", "DE", "Unknown"}

    write_countries(trial.root / "geo/countries.mmdb", {**TOLD, "10.0.0.0/29": "US"})
    assert done(trial) == {}
    assert stats(trial) == told

    set_countries(trial, yes=False)
    assert set(done(trial).values()) == {"manifest changed", "inputs changed"}
    assert stats(trial) == before
    assert not (trial.root / "csv/countries.csv").exists(), "no file goes on telling what no .stat file has"
    assert done(trial) == {}, "and nobody misses it"


def test_a_missing_database_fails_stat_steps_until_it_exists(trial: Trial) -> None:
    """The error has the path and the key; once the file exists, the same command succeeds."""
    set_countries(trial)
    ended = trial.apply()
    assert ended.code == 3
    assert f"{trial.root}/geo/countries.mmdb: there is no such file" in ended.err
    assert "stats.countries" in ended.err
    write_countries(trial.root / "geo/countries.mmdb", TOLD)
    assert trial.apply().code == 0
    assert all(b'"countries"' in data for data in stats(trial).values())


@pytest.mark.parametrize(("manifest", "code"), [(MANIFEST, 0), (WITH, 3)])
def test_the_extra_is_needed_only_with_the_key(tmp_path: Path, manifest: str, code: int) -> None:
    """Without the package, only a manifest with a database fails, with the install command."""
    trial = Trial.make(tmp_path / "project", manifest=manifest).with_logs()
    write_countries(trial.root / "geo/countries.mmdb", TOLD)
    ended = subprocess.run(
        [sys.executable, "-c", BLOCKED, "apply", "-m", "mtc.yaml"],
        cwd=trial.root,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(trial.root)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == code, ended.stderr
    assert ("pip install 'mtc[geo]'" in ended.stderr) == (code == 3)
