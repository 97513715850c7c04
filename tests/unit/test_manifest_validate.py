"""What `mtc validate` checks in CI: files, folders, bases and environments."""

from pathlib import Path

from mtc.manifest.load import validate

WHOLE = "version: 1\nsource: {url: 'logs/{site}/{date:%F}*'}\nsites: {docs: {}}\n"


def test_the_manifests_of_a_folder_are_found_in_order(tmp_path: Path) -> None:
    """Subfolders are included; other YAML, hidden folders and other files are ignored."""
    (tmp_path / "more").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b.yaml").write_text(WHOLE)
    (tmp_path / "more/a.yml").write_text(WHOLE)
    (tmp_path / ".git/c.yaml").write_text(WHOLE)
    (tmp_path / "compose.yaml").write_text("version: '3'\nservices: {}\n")
    (tmp_path / "notes.txt").write_text(WHOLE)
    reports = validate([tmp_path, tmp_path / "b.yaml"])
    assert [report.file.name for report in reports] == ["b.yaml", "a.yml"]
    assert all(report.valid for report in reports)


def test_a_base_need_not_be_complete(tmp_path: Path) -> None:
    """A file that others extend, or without sites, is incomplete; its own mistakes are still reported."""
    (tmp_path / "base.yaml").write_text("version: 1\nsites: {docs: {}}\nrun: {jbos: 3}\n")
    (tmp_path / "daily.yaml").write_text("extends: base.yaml\nsource: {url: 'logs/{date:%F}'}\n")
    base, daily = validate([tmp_path])
    assert base.base
    assert [each.what for each in base.problems] == ["jbos is not a known key"]
    assert not daily.base
    assert daily.problems == ()
    (alone,) = validate([tmp_path / "base.yaml"])
    assert alone.base
    assert len(alone.problems) == 1


def test_a_problem_of_a_base_is_reported_for_a_single_extending_file(tmp_path: Path) -> None:
    """A problem must be reported once, and not left out."""
    (tmp_path / "base.yaml").write_text("version: 1\nsites: {docs: {}}\nrun: {jbos: 3}\n")
    (tmp_path / "daily.yaml").write_text("extends: base.yaml\nsource: {url: 'logs/{date:%F}'}\n")
    (report,) = validate([tmp_path / "daily.yaml"])
    assert [each.file for each in report.problems] == [str(tmp_path / "base.yaml")]


def test_every_environment_is_checked_and_nothing_is_reported_twice(tmp_path: Path) -> None:
    """A mistake of the manifest is reported once, and one of an environment with the environment's name."""
    text = WHOLE + "stages: [imprt]\nenvironments:\n  a: {run: {jobs: 0}}\n  b: {stages: [stat], csv: {path: stats}}\n"
    (tmp_path / "m.yaml").write_text(text)
    (report,) = validate([tmp_path / "m.yaml"])
    assert report.environments == ("a", "b")
    assert [(each.line, each.where) for each in report.problems] == [
        (4, "stages.0"),
        (6, "environments.a.run.jobs"),
        (7, "environments.b.csv.path"),
    ]


def test_missing_files_are_reported(tmp_path: Path) -> None:
    """Examples are a missing file, and a folder without a manifest."""
    missing, empty = validate([tmp_path / "none.yaml", tmp_path])[::-1]
    assert [each.what for each in missing.problems] == ["there is no such file"]
    assert [each.what for each in empty.problems] == ["no manifest in this folder"]


def test_no_secret_is_needed_or_read(tmp_path: Path) -> None:
    """References stay unresolved: `validate` reads no variable and no file of a secret."""
    text = WHOLE.replace("docs: {}", "docs: {matomo_id: 1}")
    text += "matomo: {url: '${NOWHERE}', token: '${file:/nonexistent/token}'}\n"
    (tmp_path / "m.yaml").write_text(text)
    (report,) = validate([tmp_path / "m.yaml"])
    assert report.problems == ()
