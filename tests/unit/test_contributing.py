"""The recipes of CONTRIBUTING.md are followed: everything that is registered is complete.

A recipe that was followed only in part fails, with a message that says what is missing and where to put it.
"""

import hashlib
import re
from pathlib import Path

import pytest
import typer
from completeness import (
    ROOT,
    Key,
    StatTables,
    keys_of,
    missing_of_command,
    missing_of_executors,
    missing_of_format,
    missing_of_table,
    pages,
    sources,
    unread_keys,
)
from executors import EXECUTORS
from format_samples import SAMPLES, Row, SampleFile
from pydantic import BaseModel

import mtc
from mtc.cli.main import app
from mtc.formats.custom_formats import CustomFormat
from mtc.formats.registry import FORMATS, NAMES
from mtc.manifest.models import Manifest
from mtc.plan.work import Task
from mtc.stages.stage import Fact
from mtc.state.schema import MIGRATIONS
from mtc.warehouse.csv_files import LABELS
from mtc.warehouse.day_tables import COUNTRIES, QUERIES
from mtc.warehouse.stat_tables import ROWS, Tables

CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
DOCS = pages()
SOURCES = sources()
TABLES = StatTables(
    optional={name: field.default is None for name, field in Tables.model_fields.items()},
    queries={query.table for query in (*QUERIES, COUNTRIES)},
    labels=LABELS,
    matomo=SOURCES["mtc.stages.stat.matomo_tables"],
)


def commands(group: typer.Typer, before: str = "") -> dict[str, str]:
    """Return every command as it is typed, without `mtc`, with the module that defines its function."""
    found = {}
    for command in group.registered_commands:
        assert command.callback is not None
        found[f"{before}{command.name or command.callback.__name__}"] = command.callback.__module__
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        found |= commands(inner.typer_instance, f"{before}{inner.name} ")
    return found


# Add a format


@pytest.mark.parametrize("name", NAMES)
def test_a_format_has_a_sample_with_rows_and_an_entry_in_the_docs(name: str) -> None:
    """Sample, expected rows and documentation make a registered format testable and easy to find."""
    missing = missing_of_format(name, SAMPLES, DOCS)
    assert not missing, "\n".join(missing)


def test_a_format_that_is_only_registered_reports_what_is_missing() -> None:
    """Each missing part is reported with the place where it belongs."""
    registered = {**FORMATS, "acme": FORMATS["combined"]}
    missing = {name: missing_of_format(name, SAMPLES, DOCS) for name in registered}
    assert [name for name, lacking in missing.items() if lacking] == ["acme"]
    sample, docs = missing["acme"]
    assert sample.startswith("format acme has no sample: add SampleFile(format='acme', text=..., rows=...) to SAMPLES")
    assert "tests/support/format_samples/" in sample
    assert docs == (
        "format acme has no row in the docs: add it to a family of FAMILIES in mtc/formats/registry.py, "
        "and run docs/generate.py"
    )


def test_a_format_is_complete_step_by_step() -> None:
    """A sample without expected rows does not count, nor does a name in a sentence instead of a table."""
    bare = SampleFile("acme", "GET /\n", ())
    [rows, docs] = missing_of_format("acme", [bare], "The format `acme` is new.")
    assert rows.startswith("format acme has no expected rows: give its SampleFile in tests/support/format_samples/")
    assert docs.startswith("format acme has no row in the docs")
    whole = SampleFile("acme", "GET /\n", (Row(path="/"),))
    assert missing_of_format("acme", [whole], "| proxies | `squid`, `acme` |") == []


@pytest.mark.parametrize("kind", [info.alias or name for name, info in CustomFormat.model_fields.items()])
def test_a_way_to_describe_a_format_is_in_the_docs(kind: str) -> None:
    """Each kind has an example to copy, `format: {KIND: ...}`."""
    assert re.search(rf"format: {{(regex: .*)?{kind}: ", DOCS)


# Add a key to the manifest


def test_every_key_of_the_manifest_is_read() -> None:
    """A key that no code reads has no effect and gives no warning."""
    keys = keys_of(Manifest)
    assert len(keys) > 100
    unread = unread_keys(keys, SOURCES)
    assert not unread, "\n".join(unread)


def test_an_unread_key_is_reported_with_its_path() -> None:
    """A key that is read only by a method that is never called counts as unread."""

    class Inner(BaseModel):
        seen: int = 0
        colour: str = ""
        through: int = 0
        forgotten: int = 0

    class Outer(BaseModel):
        inner: dict[str, Inner] = {}

    text = (
        "class Inner:\n"
        "    @property\n    def twice(self): return self._half() * 2\n"
        "    def _half(self): return self.through\n"
        "    def unused(self): return self.forgotten + self.colour\n"
    )
    keys = keys_of(Outer)
    assert [key.path for key in keys] == [
        "inner", "inner.NAME.seen", "inner.NAME.colour", "inner.NAME.through", "inner.NAME.forgotten"
    ]  # fmt: skip
    texts = {__name__: text, "mtc.user": "def use(outer):\n    one = outer.inner[0]\n    return one.seen, one.twice\n"}
    colour, forgotten = unread_keys(keys, texts)
    assert colour == (
        "key inner.NAME.colour changes nothing: no module of mtc/ reads `colour` of Inner. "
        "Read it where it takes effect, or remove it from the model"
    )
    assert forgotten.startswith("key inner.NAME.forgotten changes nothing")


def test_writing_a_key_does_not_count_as_reading_it() -> None:
    """A key that is only set or passed on as a keyword has no effect yet."""

    class Model(BaseModel):
        colour: str = ""

    key = Key(Model, "colour", "colour")
    assert len(unread_keys([key], {"mtc.user": "def use(m):\n    m.colour = 1\n    return dict(colour=2)\n"})) == 1
    whole = {__name__: "class Model:\n    def all(self): return dict(self.model_dump())\n", "mtc.user": "m.all()\n"}
    assert unread_keys([key], whole) == []


# Add a table of statistics


@pytest.mark.parametrize("name", ROWS)
def test_a_table_is_counted_provided_and_documented(name: str) -> None:
    """The warehouse and Matomo provide it, and `.stat` and CSV files contain it."""
    missing = missing_of_table(name, TABLES, DOCS)
    assert not missing, "\n".join(missing)


def test_a_table_that_is_only_named_reports_what_is_missing() -> None:
    """Each missing part is reported with the module where it belongs."""
    missing = missing_of_table("sections", TABLES, DOCS)
    assert [re.findall(r"\w+/[\w/]+\.(?:py|md)", each)[0] for each in missing] == [
        "mtc/warehouse/stat_tables.py",
        "mtc/warehouse/day_tables.py",
        "mtc/stages/stat/matomo_tables.py",
        "mtc/warehouse/csv_files.py",
        "docs/csv.md",
    ]
    assert all(each.startswith("table sections ") for each in missing)


# Add a command


def test_every_command_has_a_module_and_an_entry_in_the_docs() -> None:
    """`mtc --help` lists no undocumented command."""
    found = commands(app)
    assert len(found) >= 14
    assert [missing for name, module in found.items() for missing in missing_of_command(name, module, DOCS)] == []


def test_a_command_that_is_only_written_reports_what_is_missing() -> None:
    """`main` lists the commands and defines none."""
    module, docs = missing_of_command("prune", "mtc.cli.main", DOCS)
    assert module.startswith("command prune stands in mtc.cli.main: write it in another module of mtc/cli/")
    assert docs == "command prune is not in the docs: run docs/generate.py"


# Add an executor


class IgnoringHandler:
    """A handler for executors that get no tasks."""

    def started(self, task: Task) -> None:
        """Ignore the start of a task."""

    def facts(self, task: Task, facts: tuple[Fact, ...]) -> None:
        """Ignore facts."""

    def progress(self, task: Task, size: int, lines: int) -> None:
        """Ignore progress."""

    def ended(self, task: Task, error: Exception | None) -> None:
        """Ignore the end of a task."""


def test_every_executor_passes_the_contract_tests() -> None:
    """`tests/integration/test_engine_executors.py` runs them for each executor of the table."""
    tested = {type(make({}, IgnoringHandler())).__name__ for make in EXECUTORS.values()}
    assert len(tested) >= 2
    assert missing_of_executors(SOURCES, tested) == []


def test_an_executor_without_contract_tests_is_reported() -> None:
    """The report says where the contract tests are; the Protocol itself does not count as an executor."""
    methods = "".join(f"    def {name}(self): ...\n" for name in ("submit", "pump", "stop", "close"))
    texts = {"mtc.engine.dask": f"class DaskExecutor:\n{methods}\nclass Executor(Protocol):\n{methods}"}
    [missing] = missing_of_executors(texts, {"PoolExecutor"})
    assert missing == (
        "executor DaskExecutor of mtc.engine.dask passes no contract test: "
        "add it to EXECUTORS in tests/support/executors.py"
    )


# Change the state's schema

MIGRATIONS_SO_FAR = ("72298a827c8d", "b3cb61fd5d62", "cb94bcd821cc", "39525ef995c0", "9da9003ceba7")


def test_a_migration_is_never_edited() -> None:
    """Existing state files were migrated with it as it was; a change of tables is a new migration at the end."""
    texts = [" ".join(re.sub(r"--.*", "", "\n".join(statements)).split()) for statements in MIGRATIONS]
    digests = tuple(hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts)
    assert digests[: len(MIGRATIONS_SO_FAR)] == MIGRATIONS_SO_FAR, "put it back, and add a migration at the end"
    assert digests == MIGRATIONS_SO_FAR, "a new migration: add its digest to MIGRATIONS_SO_FAR"


# The page itself


def test_every_path_on_the_page_exists() -> None:
    """Modules, folders and tests move; readers of the page must still find them."""
    named = set(re.findall(r"`((?:mtc|tests|docs|schemas|manifests|bench|\.ci)/[\w./-]*)`", CONTRIBUTING))
    assert len(named) > 20
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_every_link_on_the_page_works() -> None:
    """This includes the links of the page about security."""
    for page in ("CONTRIBUTING.md", "SECURITY.md"):
        links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text("utf-8"))
        assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_page_shows_the_layers_of_the_layer_test() -> None:
    """Every folder of mtc/ is in the picture."""
    folders = sorted(path.name for path in Path(mtc.__file__).parent.iterdir() if (path / "__init__.py").exists())
    picture = re.findall(r"^```text\n(.*?)^```", CONTRIBUTING, re.MULTILINE | re.DOTALL)[0]
    assert [name for name in folders if f"{name}/" not in picture] == []


def test_the_public_api_is_what_the_page_says() -> None:
    """`mtc` is a command; the only public name in Python is its version."""
    assert mtc.__all__ == ["__version__"]
    assert "`mtc.__version__`" in CONTRIBUTING


@pytest.mark.parametrize("record", sorted((ROOT / "docs/decisions").glob("[0-9]*.md")), ids=lambda path: path.stem)
def test_a_decision_record_is_short_and_in_the_index(record: Path) -> None:
    """It has context, decision and consequences in 20 to 40 lines."""
    text = record.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert 15 <= len(text.splitlines()) <= 45
    title = re.match(r"# (\d+)\. (.+)\n", text)
    assert title is not None
    assert record.name.startswith(f"{int(title[1]):04}-")
    assert f"[{title[2]}]({record.name})" in (record.parent / "README.md").read_text("utf-8")
