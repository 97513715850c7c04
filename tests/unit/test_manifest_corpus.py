"""The corpus of manifests: valid files load and fit the schema, invalid files are reported with their places."""

import functools
import json
import re
from pathlib import Path

import jsonschema
import pytest

from mtc.core.errors import ManifestError, Problem
from mtc.manifest.json_schema import build
from mtc.manifest.load import load, validate
from mtc.manifest.nodes import Node, Scalar, Seq
from mtc.manifest.yaml import read_file

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests/corpus/manifests"
GOOD = sorted((CORPUS / "good").glob("*.yaml"))
BAD = sorted((CORPUS / "bad").glob("*.yaml"))
SCHEMA = jsonschema.Draft202012Validator(json.loads(build()))


def as_an_editor_sees_it(node: Node) -> object:
    """The plain data of a file, including its nulls."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Seq):
        return [as_an_editor_sees_it(item) for item in node.items]
    return {key: as_an_editor_sees_it(entry.node) for key, entry in node.entries.items()}


def fits_the_schema(file: Path) -> bool:
    tree, problems = read_file(file)
    return tree is not None and not problems and SCHEMA.is_valid(as_an_editor_sees_it(tree))


def expected(file: Path) -> list[tuple[int, int, str]]:
    found = re.findall(r"^# expect: (\d+):(\d+) (.+)$", file.read_text(), re.MULTILINE)
    return [(int(line), int(column), text) for line, column, text in found]


@functools.cache
def problems_of(file: Path) -> tuple[Problem, ...]:
    (report,) = validate([file])
    return report.problems


def test_the_corpus_is_large_enough() -> None:
    """At least 12 valid and 35 invalid files check the schema and the models."""
    assert len(GOOD) >= 12
    assert len(BAD) >= 35


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_valid_manifest_has_no_problem_and_fits_the_schema(file: Path) -> None:
    """Models and schema agree on valid files."""
    assert problems_of(file) == ()
    assert fits_the_schema(file)


@pytest.mark.parametrize("file", [file for file in GOOD if file.stem != "base"], ids=lambda file: file.stem)
def test_a_valid_manifest_loads_without_secrets(file: Path) -> None:
    """Planning needs no secret: a manifest that `validate` accepts can be loaded."""
    plain = {
        "LOGS": "logs",
        "MATOMO_URL": "https://stats.example.org",
        "ZONE": "UTC",
        "SITE_URL": "https://docs.example.org",
    }
    assert load(file, environ=plain, secrets_needed=False).sites


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_all_problems_of_an_invalid_manifest_are_reported_with_their_places(file: Path) -> None:
    """All problems are reported at once, with line and column, and no others."""
    found = [(each.line, each.column, each.what) for each in problems_of(file)]
    assert found == sorted(found)
    wanted = expected(file)
    assert len(found) == len(wanted)
    for line, column, text in wanted:
        assert any((line, column) == each[:2] and text in each[2] for each in found), (line, column, text, found)


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_the_schema_refuses_what_the_models_refuse_if_it_can(file: Path) -> None:
    """A file marked `# schema: silent` breaks a rule that JSON Schema cannot express."""
    assert fits_the_schema(file) == ("# schema: silent" in file.read_text())


@pytest.mark.parametrize("file", BAD, ids=lambda file: file.stem)
def test_loading_an_invalid_manifest_reports_the_same_as_validating_it(file: Path) -> None:
    """`apply` refuses what CI refuses, except for environments that are not selected."""
    told = {(each.line, each.column, each.what) for each in problems_of(file) if "environments." not in each.where}
    if not told:
        return
    with pytest.raises(ManifestError) as caught:
        load(file, environ={}, secrets_needed=False)
    assert {(each.line, each.column, each.what) for each in caught.value.problems} >= told


def test_the_shipped_manifests_are_valid() -> None:
    """Every manifest of the repository is valid, and names its schema."""
    files = [ROOT / "manifests" / name for name in ("sites.yaml", "daily.yaml", "backfill.yaml")]
    assert [report.problems for report in validate(files)] == [(), (), ()]
    for file in files:
        assert file.read_text().startswith("# yaml-language-server: $schema=../schemas/manifest.schema.json\n")
        assert fits_the_schema(file)
