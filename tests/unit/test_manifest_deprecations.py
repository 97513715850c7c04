"""Renamed keys: the old name is read, causes a warning at its place, and is marked in the schema."""

import json
import os
import re
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from mtc.cli.main import app
from mtc.core.errors import EXIT_OK, ManifestError
from mtc.manifest import deprecations
from mtc.manifest.deprecations import Renamed
from mtc.manifest.json_schema import build
from mtc.manifest.load import load, validate

RENAMED = (
    Renamed(("source",), "arrival", "settle", "0.3.0"),
    Renamed(("freshness",), "warn", "warn_after", "0.3.0"),
    Renamed(("credentials", "NAME"), "key", "access_key_id", "0.3.0"),
    Renamed(("sites", "NAME"), "id", "matomo_id", "0.3.0"),
    Renamed((), "tz", "timezone", "0.3.0"),
)
TEXT = """\
version: 1
tz: Europe/Paris
source: {url: 'logs/{site}/{date:%F}*', arrival: 2h}
freshness: {warn: 8d}
sites:
  docs: {id: 7, source: {arrival: 3h}, freshness: {warn: 9d}}
  shop: {}
credentials:
  pull: {key: "${PULL_KEY}", secret_access_key: "${PULL_SECRET}"}
environments:
  staging: {source: {arrival: 4h}, sites: {docs: {source: {arrival: 5h}}}}
"""


@pytest.fixture(autouse=True)
def renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rename some keys; the table is patched because no key of the manifest has an old name yet."""
    monkeypatch.setattr(deprecations, "RENAMED", RENAMED)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """A manifest with an old name in each section that can have one."""
    file = tmp_path / "daily.yaml"
    file.write_text(TEXT, "utf-8")
    return file


def test_an_old_name_is_read_as_the_new_one(manifest: Path) -> None:
    """In the manifest, in sites and in environments, a setting's place is that of the old name."""
    project = load(manifest, environ={})
    assert project.sites["docs"].zone == "Europe/Paris"
    assert [site.source.settle for site in project.sites.values()] == ["3h", "2h"]
    assert [site.freshness and site.freshness.warn_after for site in project.sites.values()] == ["9d", "8d"]
    assert project.sites["docs"].matomo_id == 7
    assert str(project.setting_locations["source.settle"]) == "daily.yaml:3"
    staging = load(manifest, env="staging", environ={})
    assert [site.source.settle for site in staging.sites.values()] == ["5h", "4h"]


def test_a_warning_names_the_new_key_at_the_place_of_the_old_one(manifest: Path) -> None:
    """`mtc validate` shows each warning once; the file stays valid."""
    [report] = validate([manifest])
    assert report.valid
    assert [(each.line, each.column, each.where) for each in report.warnings] == [
        (2, 1, "tz"),
        (3, 41, "source.arrival"),
        (4, 13, "freshness.warn"),
        (6, 10, "sites.docs.id"),
        (6, 26, "sites.docs.source.arrival"),
        (6, 52, "sites.docs.freshness.warn"),
        (9, 10, "credentials.pull.key"),
        (11, 22, "environments.staging.source.arrival"),
        (11, 60, "environments.staging.sites.docs.source.arrival"),
    ]
    assert str(report.warnings[1]) == (
        f"{manifest}:3:41: source.arrival: arrival is an old name of this key, deprecated since mtc 0.3.0. "
        "write settle, which means the same"
    )


def test_a_new_name_overrides_the_old_one_of_a_base(tmp_path: Path) -> None:
    """Keys are renamed before files are merged: the extending file wins, whichever name either uses."""
    (tmp_path / "base.yaml").write_text(TEXT, "utf-8")
    (tmp_path / "new.yaml").write_text("extends: base.yaml\nsource: {settle: 1h}\n", "utf-8")
    (tmp_path / "old.yaml").write_text("extends: new.yaml\nsource: {arrival: 30m}\n", "utf-8")
    assert load(tmp_path / "new.yaml", environ={}).sites["shop"].source.settle == "1h"
    project = load(tmp_path / "old.yaml", environ={})
    assert project.sites["shop"].source.settle == "30m"
    assert {Path(each.file).name for each in project.warnings} == {"base.yaml", "old.yaml"}


def test_both_names_at_once_are_a_mistake(tmp_path: Path) -> None:
    """It is unknown which one was meant."""
    file = tmp_path / "daily.yaml"
    file.write_text(TEXT.replace("arrival: 2h", "arrival: 2h, settle: 2h"), "utf-8")
    with pytest.raises(ManifestError) as raised:
        load(file, environ={})
    [problem] = raised.value.problems
    assert (problem.line, problem.column) == (3, 41)
    assert str(problem).endswith(
        "source.arrival: arrival and settle are both given, but are the same key. keep settle; arrival is its old name"
    )


def test_an_old_name_is_renamed_only_in_its_own_section(tmp_path: Path) -> None:
    """Elsewhere it is an unknown key like any other."""
    file = tmp_path / "daily.yaml"
    file.write_text(TEXT.replace("arrival: 2h", "arrival: 2h, tz: UTC"), "utf-8")
    [report] = validate([file])
    assert [each.what for each in report.problems] == ["tz is not a known key"]


def test_commands_warn_once_and_continue(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The warning is on stderr with line and caret, except with --quiet; `validate` ends with 0."""
    monkeypatch.chdir(manifest.parent)
    monkeypatch.setenv("PULL_KEY", "AKIA")
    monkeypatch.setenv("PULL_SECRET", "secret")
    told = "warning: daily.yaml:3:41: source.arrival: arrival is an old name of this key, deprecated since mtc 0.3.0."
    for words in (["validate", "daily.yaml"], ["csv", "-m", "daily.yaml"]):
        done = CliRunner().invoke(app, words)
        assert (done.exit_code, done.stderr.count(told)) == (EXIT_OK, 1), done.output
    assert "                                         ^" in done.stderr
    quiet = CliRunner().invoke(app, ["csv", "-m", "daily.yaml", "--quiet"])
    assert (quiet.exit_code, quiet.output) == (EXIT_OK, "")


def test_the_warning_looks_as_documented(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`docs/stability.md` shows an example."""
    page = (Path(__file__).parents[2] / "docs/stability.md").read_text("utf-8")
    [shown] = re.findall(r"^```text\n(warning: .*?)^```", page, re.MULTILINE | re.DOTALL)
    (tmp_path / "manifests").mkdir()
    text = "version: 1\nname: daily\nsites:\n  docs: {}\nsource:\n  url: 'logs/{site}/{date:%F}*'\n  arrival: 6h\n"
    (tmp_path / "manifests/daily.yaml").write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["validate"])
    assert done.stderr == f"{shown}\n1 file valid\n"


def test_validate_reports_warnings_as_json(manifest: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` lists warnings next to the problems."""
    monkeypatch.chdir(manifest.parent)
    done = CliRunner().invoke(app, ["validate", "daily.yaml", "--json"])
    [report] = json.loads(done.stdout)
    assert (done.exit_code, report["valid"], len(report["warnings"])) == (EXIT_OK, True, 9)
    assert os.path.basename(report["warnings"][0]["file"]) == "daily.yaml"  # noqa: PTH119 - a text of JSON


def test_the_schema_marks_old_names_as_deprecated() -> None:
    """An editor strikes them through, and accepts a file with them."""
    schema = json.loads(build())
    old = schema["$defs"]["Source"]["properties"]["arrival"]
    assert old["deprecated"] is True
    assert old["description"] == "Deprecated since mtc 0.3.0: write `settle`, which means the same."
    assert schema["$defs"]["Credentials"]["properties"]["key"]["deprecated"] is True
    assert schema["$defs"]["Site"]["properties"]["id"]["deprecated"] is True
    assert schema["properties"]["tz"]["deprecated"] is True
    validator = jsonschema.Draft202012Validator(schema)
    data = {
        "version": 1,
        "tz": "UTC",
        "sites": {"docs": {"id": 7}},
        "environments": {"a": {"freshness": {"warn": "2d"}}},
    }
    assert validator.is_valid(data)


def test_a_renaming_to_an_unknown_key_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema cannot be made if the models lack the new key."""
    monkeypatch.setattr(deprecations, "RENAMED", (Renamed(("source",), "arrival", "settled", "0.3.0"),))
    with pytest.raises(ValueError, match=r"no key is called source\.settled"):
        build()
