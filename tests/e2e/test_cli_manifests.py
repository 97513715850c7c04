"""The commands for manifests, and how a command finds its manifest."""

import json
import shutil
from pathlib import Path

from e2e_project import DAY, MANIFEST, Place

ROOT = Path(__file__).parents[2]


def test_a_manifest_is_valid_without_secrets_and_network(place: Place) -> None:
    """`validate` needs neither secrets nor network access."""
    place.manifest(
        MANIFEST.replace("logs/{site}/", "s3://acme-logs/{site}/").replace("*.log*\n", "*.log*\n  credentials: pull\n")
        + "credentials:\n  pull: {access_key_id: '${PULL_KEY}', secret_access_key: '${PULL_SECRET}'}\n"
    )
    assert place.mtc("validate", "manifests/daily.yaml").lines == ["1 file valid"]


def test_each_problem_of_an_invalid_manifest_is_reported(place: Place) -> None:
    """Each problem has file, line, column and a hint, followed by the number of invalid files."""
    place.write("manifests/bad.yaml", "version: 1\nsource: {ulr: 'logs/{date:%Y-%m-%d}'}\nsites: {docs: {}}\n")
    done = place.mtc("validate", "manifests/bad.yaml", code=2)
    assert "manifests/bad.yaml:2:10: " in done.err
    assert "did you mean url?" in done.err
    assert done.lines[-1] == "1 of 1 files not valid"
    assert done.out == ""


def test_a_folder_is_validated_file_by_file(place: Place) -> None:
    """Valid and invalid files are listed; the default folder is `manifests`."""
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
    """The example manifests of the repository are valid."""
    shutil.copytree(ROOT / "manifests", place.root / "shown")
    place.mtc("validate", "shown")


def test_the_schema_is_printed_and_checked(place: Place) -> None:
    """`schema --check` ends with 2 if the file differs from the schema."""
    text = place.mtc("schema").out
    place.write("schemas/manifest.schema.json", text)
    place.mtc("schema", "--check")
    place.write("schemas/other.json", text.replace("version", "vision"))
    done = place.mtc("schema", "--check", "--file", "schemas/other.json", code=2)
    assert "the schema is not that of this mtc" in done.err
    assert (ROOT / "schemas/manifest.schema.json").read_text("utf-8") == text


def test_the_schema_of_stat_files_is_printed_and_checked(place: Place) -> None:
    """`schema --stat` has the same options; the hint is the command that writes the file."""
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


def test_a_new_project_works_at_once(tmp_path: Path) -> None:
    """After `mtc init` and with logs, validate, plan and apply work."""
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


def test_init_overwrites_nothing(place: Place) -> None:
    """`mtc init` overwrites neither a manifest nor a schema."""
    before = place.content("manifests")
    place.mtc("init", code=2)
    assert place.content("manifests") == before
    (place.root / "manifests/daily.yaml").unlink()
    place.write("schemas/manifest.schema.json", "{}")
    assert "schemas/manifest.schema.json" not in place.mtc("init").out
    assert (place.root / "schemas/manifest.schema.json").read_text("utf-8") == "{}"


def test_the_order_in_which_a_manifest_is_found(full: Place) -> None:
    """Argument or -m come first, then $MTC_MANIFEST, then manifests/daily.yaml."""
    full.manifest(MANIFEST.replace("name: daily", "name: other"), "other")
    full.manifest(MANIFEST.replace("name: daily", "name: third"), "third")
    assert "plan of daily:" in full.mtc("plan").out
    full.environment["MTC_MANIFEST"] = "manifests/other.yaml"
    assert "plan of other:" in full.mtc("plan").out
    assert "plan of third:" in full.mtc("plan", "manifests/third.yaml").out
    assert "plan of third:" in full.mtc("plan", "-m", "manifests/third.yaml").out
    assert "third on " in full.mtc("status", "manifests/third.yaml").out
    assert "nosuch.yaml: there is no such file" in full.mtc("plan", code=2, MTC_MANIFEST="nosuch.yaml").err


def test_a_manifest_can_be_used_from_any_folder(full: Place) -> None:
    """Relative paths start at the project, and not at the working directory."""
    elsewhere = Place(full.root / "logs")
    elsewhere.mtc("apply", str(full.root / "manifests/daily.yaml"), "-q", "--site", "docs", "--date", str(DAY))
    assert full.files("stats") == {"stats/docs/2026-05-01.stat"}


def test_another_state_file_has_its_own_history(full: Place) -> None:
    """`--state` selects the state file and the folder of its lock and records; another one cannot use the warehouse."""
    full.mtc("apply", "-q", "--site", "docs", "--date", "2026-05-01", "--state", "elsewhere/state.db")
    assert not (full.root / ".mtc").exists()
    assert full.statuses("--state", "elsewhere/state.db")["import:docs:2026-05-01"] == "done"
    full.mtc("plan", "--exit-code", code=6)
