"""What CI runs: files, folders, bases and environments."""

from pathlib import Path

from mtc.manifest.load import validate

WHOLE = "version: 1\nsource: {url: 'logs/{site}/{date:%F}*'}\nsites: {docs: {}}\n"


def test_a_folder_gives_its_manifests_in_order(tmp_path: Path) -> None:
    """Below it too; other YAML, hidden folders and other files are left alone."""
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


def test_a_base_need_not_be_whole(tmp_path: Path) -> None:
    """A file that others extend, or that names no sites, is a piece; its own mistakes still count."""
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


def test_a_file_that_extends_a_bad_base_alone_still_tells_it(tmp_path: Path) -> None:
    """A problem is told once, not never."""
    (tmp_path / "base.yaml").write_text("version: 1\nsites: {docs: {}}\nrun: {jbos: 3}\n")
    (tmp_path / "daily.yaml").write_text("extends: base.yaml\nsource: {url: 'logs/{date:%F}'}\n")
    (report,) = validate([tmp_path / "daily.yaml"])
    assert [each.file for each in report.problems] == [str(tmp_path / "base.yaml")]


def test_every_environment_is_checked_and_nothing_is_told_twice(tmp_path: Path) -> None:
    """A mistake in the manifest is told once; one that an environment makes, under its name."""
    text = WHOLE + "stages: [imprt]\nenvironments:\n  a: {run: {jobs: 0}}\n  b: {stages: [stat], csv: {path: stats}}\n"
    (tmp_path / "m.yaml").write_text(text)
    (report,) = validate([tmp_path / "m.yaml"])
    assert report.environments == ("a", "b")
    assert [(each.line, each.where) for each in report.problems] == [
        (4, "stages.0"),
        (6, "environments.a.run.jobs"),
        (7, "environments.b.csv.path"),
    ]


def test_what_is_not_there_is_told(tmp_path: Path) -> None:
    """A missing file, and a folder without a manifest."""
    missing, empty = validate([tmp_path / "none.yaml", tmp_path])[::-1]
    assert [each.what for each in missing.problems] == ["there is no such file"]
    assert [each.what for each in empty.problems] == ["no manifest in this folder"]


def test_no_secret_is_needed_and_none_is_read(tmp_path: Path) -> None:
    """References stay as they are: `validate` looks up no variable and opens no secret's file."""
    text = WHOLE.replace("docs: {}", "docs: {matomo_id: 1}")
    text += "matomo: {url: '${NOWHERE}', token: '${file:/nonexistent/token}'}\n"
    (tmp_path / "m.yaml").write_text(text)
    (report,) = validate([tmp_path / "m.yaml"])
    assert report.problems == ()
