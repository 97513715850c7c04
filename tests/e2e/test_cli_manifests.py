"""The commands about manifests, and how a command finds its manifest."""

import json
import shutil
from pathlib import Path

from e2e_project import DAY, MANIFEST, Place

ROOT = Path(__file__).parents[2]


def test_a_good_manifest_is_valid_without_secrets_and_network(place: Place) -> None:
    """CI has neither."""
    place.manifest(
        MANIFEST.replace("logs/{site}/", "s3://acme-logs/{site}/").replace("*.log*\n", "*.log*\n  credentials: pull\n")
        + "credentials:\n  pull: {access_key_id: '${PULL_KEY}', secret_access_key: '${PULL_SECRET}'}\n"
    )
    assert place.mtc("validate", "manifests/daily.yaml").lines == ["1 file valid"]


def test_a_bad_manifest_is_told_problem_by_problem(place: Place) -> None:
    """File, line, column, the source line with a caret, and how many files are not valid."""
    place.write("manifests/bad.yaml", "version: 1\nsource: {ulr: 'logs/{date:%Y-%m-%d}'}\nsites: {docs: {}}\n")
    done = place.mtc("validate", "manifests/bad.yaml", code=2)
    assert "manifests/bad.yaml:2:10: " in done.err
    assert "did you mean url?" in done.err
    assert done.lines[-1] == "1 of 1 files not valid"
    assert done.out == ""


def test_a_folder_is_validated_file_by_file(place: Place) -> None:
    """Good ones and bad ones; the default is the folder `manifests`."""
    place.manifest(name="backfill")
    assert place.mtc("validate").lines == ["2 files valid"]
    place.write("manifests/bad.yaml", "version: 2\nsites: {docs: {}}\n")
    assert place.mtc("validate", "manifests", code=2).lines[-1] == "1 of 3 files not valid"
    reports = json.loads(place.mtc("validate", "--json", code=2).out)
    assert {report["file"]: report["valid"] for report in reports} == {
        "manifests/backfill.yaml": True,
        "manifests/bad.yaml": False,
        "manifests/daily.yaml": True,
    }
    [problems] = [report["problems"] for report in reports if not report["valid"]]
    assert {"file", "line", "column", "where", "what", "hint"} == set(problems[0])


def test_the_manifests_of_this_repository_are_valid(place: Place) -> None:
    """What is shown as an example works."""
    shutil.copytree(ROOT / "manifests", place.root / "shown")
    place.mtc("validate", "shown")


def test_the_schema_is_printed_and_checked(place: Place) -> None:
    """A copy is the same, or exit code 2 says that it is not."""
    text = place.mtc("schema").out
    place.write("schemas/manifest.schema.json", text)
    place.mtc("schema", "--check")
    place.write("schemas/other.json", text.replace("version", "vision"))
    done = place.mtc("schema", "--check", "--file", "schemas/other.json", code=2)
    assert "the schema is not that of this mtc" in done.err
    assert (ROOT / "schemas/manifest.schema.json").read_text("utf-8") == text


def test_the_schema_of_stat_files_is_printed_and_checked(place: Place) -> None:
    """The same options, with a copy of its own; the hint is the command that writes it."""
    text = place.mtc("schema", "--stat").out
    assert (ROOT / "schemas/stat.schema.json").read_text("utf-8") == text
    missing = place.mtc("schema", "--stat", "--check", code=2)
    assert "schemas/stat.schema.json: there is no such file" in missing.err
    assert "mtc schema --stat > schemas/stat.schema.json" in missing.err
    place.write("schemas/stat.schema.json", text)
    place.mtc("schema", "--stat", "--check")
    place.write("schemas/other.json", place.mtc("schema").out)
    done = place.mtc("schema", "--stat", "--check", "--file", "schemas/other.json", code=2)
    assert "the schema is not that of this mtc" in done.err


def test_a_project_is_begun_and_works_at_once(tmp_path: Path) -> None:
    """`mtc init`, logs, then validate, plan and apply: the first five minutes."""
    begun = Place(tmp_path).mtc("init", "shop", "--site", "berlin", "--logs", "logs")
    assert begun.out.splitlines() == [
        "shop/manifests/daily.yaml",
        "shop/schemas/manifest.schema.json",
        "shop/.gitignore",
    ]
    assert begun.err == "next: edit shop/manifests/daily.yaml, then run `mtc validate` and `mtc plan` in shop\n"
    shop = Place(tmp_path / "shop")
    assert shop.mtc("validate").lines == ["1 file valid"]
    (shop.root / "logs").mkdir()
    shop.log("berlin", DAY).rename(shop.root / "logs" / "berlin-2026-05-01.log")
    shop.mtc("plan", "--date", "2026-05-01", "--exit-code", code=4)
    shop.mtc("apply", "-q", "--date", "2026-05-01")
    assert shop.files("stats") == {"stats/berlin/2026-05-01.stat"}
    assert (shop.root / ".gitignore").read_text("utf-8").split() == [".mtc/", "warehouse/", "stats/", "csv/"]


def test_a_project_is_not_begun_twice(place: Place) -> None:
    """Nothing is overwritten, not even the schema of a project that has no manifest yet."""
    before = place.content("manifests")
    place.mtc("init", code=2)
    assert place.content("manifests") == before
    (place.root / "manifests/daily.yaml").unlink()
    place.write("schemas/manifest.schema.json", "{}")
    assert "schemas/manifest.schema.json" not in place.mtc("init").out
    assert (place.root / "schemas/manifest.schema.json").read_text("utf-8") == "{}"


def test_a_manifest_is_the_one_given_or_the_environment_s_or_the_usual_one(full: Place) -> None:
    """In this order: argument or -m, $MTC_MANIFEST, manifests/daily.yaml."""
    full.manifest(MANIFEST.replace("name: daily", "name: other"), "other")
    full.manifest(MANIFEST.replace("name: daily", "name: third"), "third")
    assert "plan of daily:" in full.mtc("plan").out
    full.environment["MTC_MANIFEST"] = "manifests/other.yaml"
    assert "plan of other:" in full.mtc("plan").out
    assert "plan of third:" in full.mtc("plan", "manifests/third.yaml").out
    assert "plan of third:" in full.mtc("plan", "-m", "manifests/third.yaml").out
    assert "third on " in full.mtc("status", "manifests/third.yaml").out
    assert "nosuch.yaml: there is no such file" in full.mtc("plan", code=2, MTC_MANIFEST="nosuch.yaml").err


def test_a_manifest_is_used_from_anywhere(full: Place) -> None:
    """Its paths start from its own project, not from where the command is typed."""
    elsewhere = Place(full.root / "logs")
    elsewhere.mtc("apply", str(full.root / "manifests/daily.yaml"), "-q", "--site", "docs", "--date", str(DAY))
    assert full.files("stats") == {"stats/docs/2026-05-01.stat"}


def test_another_state_file_is_another_history(full: Place) -> None:
    """`--state` names it, and keeps its locks and records beside it; without it the warehouse is another's."""
    full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01", "--state", "elsewhere/state.db")
    assert not (full.root / ".mtc").exists()
    assert full.statuses("--state", "elsewhere/state.db")["import:docs:2026-05-01"] == "done"
    full.mtc("plan", "--exit-code", code=6)
