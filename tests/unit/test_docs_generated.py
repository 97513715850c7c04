"""The generated pages and regions of the documentation are up to date, complete, and safe to render."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from completeness import ROOT, keys_of
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from docs import generate
from docs.generator import commands, manifest_reference, regions, results
from docs.generator.markdown import code, fenced, prose, table
from docs.generator.types import yaml
from mtc.core import errors
from mtc.formats.custom_formats import CustomFormat
from mtc.formats.filters import REASONS
from mtc.formats.layers import ABOUT, KINDS
from mtc.formats.registry import FAMILIES, NAMED_ONLY, NAMES, TITLES, candidates
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest import deprecations
from mtc.manifest.deprecations import Renamed
from mtc.manifest.models import Manifest
from mtc.warehouse.stat_document import StatDocument

REFERENCE = manifest_reference.page()
COMMANDS = commands.page()


def sections(page: str) -> dict[str, str]:
    """Return the text of each section of a page by heading."""
    pieces = re.split(r"^#+ (.+)$", page, flags=re.MULTILINE)[1:]
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


def keys_in(text: str) -> list[str]:
    """Return the first cells of a section's tables."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


# Up to date


def test_generated_pages_are_up_to_date() -> None:
    """After a change of a format, a key, a filter or a command the generator must be run."""
    assert [str(path.relative_to(ROOT)) for path in generate.outdated()] == [], "run docs/generate.py"


def test_a_check_names_the_differences_and_the_fix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 1 and writes nothing; after a run a check passes. The output folder is patched."""
    page = tmp_path / "docs/filters.md"
    page.parent.mkdir()
    page.write_text("# Filters\n\n<!-- generated: filters -->\nold\n<!-- /generated -->\n\nAfter.\n")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "DOCS", page.parent)
    monkeypatch.setattr(generate, "PAGES", {})
    assert generate.main(["--check"]) == 1
    said = capsys.readouterr().err
    assert said == "docs/filters.md is not up to date\nrun `python docs/generate.py`, and commit what it writes\n"
    assert "old" in page.read_text()
    assert generate.main([]) == 0
    text = page.read_text()
    assert text.startswith("# Filters\n\n<!-- generated: filters -->\n| key | default | reason | meaning |\n")
    assert text.endswith("|\n<!-- /generated -->\n\nAfter.\n")
    assert generate.main(["--check"]) == 0


def test_an_unknown_region_is_an_error() -> None:
    """A typo in its name would leave it unchanged forever."""
    with pytest.raises(regions.UnknownRegionError, match=r"docs/x\.md: no region is called formast; known: formats, "):
        regions.filled("<!-- generated: formast -->\n<!-- /generated -->\n", "docs/x.md")


def test_the_script_runs_from_another_folder() -> None:
    """The folder of mtc need not be on Python's path."""
    ran = subprocess.run(
        [sys.executable, ROOT / "docs/generate.py", "--help"], capture_output=True, text=True, check=True, cwd="/"
    )
    assert "--check" in ran.stdout


# Complete


def test_every_key_has_its_row() -> None:
    """Each model occurs once, under the heading of its section."""
    shown = sections(REFERENCE)
    titles: dict[type, str] = {section.model: section.title for section in manifest_reference.SECTIONS}
    titles |= {Manifest: "Top level", CustomFormat: "Formats of your own"}
    for key in keys_of(Manifest):
        title = titles.get(key.model, {"JsonPaths": "json"}.get(key.model.__name__, "Date selections"))
        assert key.path.rpartition(".")[2] in keys_in(shown[title]), f"{key.path} is not under {title}"


def test_every_key_has_a_description_and_a_readable_type() -> None:
    """No name of Python's typing is left, and no cell is empty."""
    rows = re.findall(r"^\| `.+ \|$", REFERENCE, re.MULTILINE)
    assert len(rows) > 110
    for row in rows:
        cells = re.split(r" \| ", row.strip("| "))
        assert all(cells), row
        assert not re.search(r"typing|Annotated|NoneType|Optional|tuple\[|<class", row), row


def test_old_names_are_listed_if_there_are_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """The table is patched, as there are none yet."""
    assert "Old names" not in REFERENCE
    monkeypatch.setattr(deprecations, "RENAMED", (Renamed(("source",), "wait", "settle", "0.9"),))
    assert "| `source.wait` | `source.settle` | `0.9` |" in manifest_reference.page()


def test_every_format_has_a_family_and_a_title() -> None:
    """A format has one family, and the table's column about detection matches the detection."""
    assert sorted(name for names in FAMILIES.values() for name in names) == sorted(NAMES)
    assert sorted(TITLES) == sorted(NAMES)
    text = regions.formats()
    rows = re.findall(r"^\| .*\| `(\w+)` \| ([a-z ]+) \| .+ \|$", text, re.MULTILINE)
    assert sorted(name for name, _ in rows) == sorted(NAMES)
    assert [name for name, how in rows if how == "must be named"] == [
        name for names in FAMILIES.values() for name in names if name in NAMED_ONLY
    ]
    assert not set(candidates(())) & set(NAMED_ONLY)


def test_every_way_to_describe_a_format_has_an_example_that_is_valid() -> None:
    """Each example can be copied unchanged."""
    block = re.findall(r"```yaml\n(.*?)```", regions.layouts(), re.DOTALL)[0]
    sites = YAML(typ="safe").load(block)["sites"]
    assert sorted(sites) == sorted(
        info.alias or name for name, info in CustomFormat.model_fields.items() if name != "time"
    )
    for site in sites.values():
        assert CustomFormat.model_validate(site["format"]).layout.names


def test_every_prefix_is_described() -> None:
    """JSON objects share a row that lists their keys."""
    text = regions.relays()
    known = {layer.name for layer in KINDS}
    assert set(ABOUT) <= known
    assert [name for name in known - set(ABOUT) if not name.startswith("JSON around ")] == []
    assert [layer.key for layer in KINDS if layer.key and f"`{layer.key}`" not in text] == []


def test_every_filter_and_every_hit_rule_has_a_row() -> None:
    """Filters are listed with their reasons, in the order in which they apply."""
    assert keys_in(regions.filters()) == list(REASONS)
    assert set(REASONS) >= set(Filters.model_fields) - {"max_rejected"}
    assert "| `health check`, `bot` |" in regions.filters()
    assert keys_in(regions.hit_rules()) == list(HitSettings.model_fields)


def test_every_command_and_option_is_on_the_page() -> None:
    """They are described as in `--help`."""
    shown = sections(COMMANDS)
    names = [name for name, _ in commands.commands()]
    assert len(names) > 14
    for name, command in commands.commands():
        if name != "mtc" and not hasattr(command, "commands"):
            section = shown[f"`{name}`"]
            assert f"```text\n{name}" in section
            options = [option for each in command.params for option in each.opts if option.startswith("--")]
            assert [
                option for option in options if option != "--help" and not re.search(rf"`{option}\b", section)
            ] == []


def test_every_exit_code_is_in_the_table() -> None:
    """Constants and signals are listed; the page and `--help` have the same table."""
    constants = {
        value for name, value in vars(errors).items() if re.fullmatch(r"EXIT_[A-Z]+", name) and value.__class__ is int
    }
    told = [code for each in errors.EXIT_CODES for code in each.codes]
    assert constants | {129, 130, 143} == set(told)
    assert len(told) == len(set(told))
    assert [each.meaning for each in errors.EXIT_CODES if prose(each.meaning) not in commands.exit_codes()] == []


def test_every_field_of_the_stat_document_is_on_the_page() -> None:
    """This includes the fields of nested models."""
    page = results.stat_page()
    missing = [key.path for key in keys_of(StatDocument) if f"| `{key.field}` |" not in page]
    assert missing == []


def test_every_link_within_a_page_leads_to_a_heading() -> None:
    """GitHub and MkDocs make the same anchor: lower case, hyphens for spaces, no other punctuation."""
    for page in (REFERENCE, COMMANDS, results.stat_page()):
        anchors = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in sections(page)]
        assert len(anchors) == len(set(anchors))
        assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= set(anchors)


# The site


MKDOCS = next(
    (
        path
        for path in (Path(sys.executable).with_name("mkdocs"), shutil.which("mkdocs"))
        if path and Path(path).exists()
    ),
    None,
)


def settings() -> dict[str, Any]:
    """Return the contents of `mkdocs.yml`."""
    return dict(YAML(typ="safe").load((ROOT / "mkdocs.yml").read_text("utf-8")))


def in_navigation(entry: Any) -> Iterator[str]:
    """Return the pages of a navigation entry and of those below it."""
    if isinstance(entry, str):
        yield entry
    for inner in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
        yield from in_navigation(inner)


def test_every_page_is_in_the_navigation_once() -> None:
    """The test needs no MkDocs."""
    pages = sorted(str(path.relative_to(generate.DOCS)) for path in generate.DOCS.rglob("*.md"))
    assert sorted(in_navigation(settings()["nav"])) == pages


def test_the_site_loads_nothing_from_other_hosts() -> None:
    """Fonts, scripts and images are part of the theme."""
    config = settings()
    assert config["theme"]["font"] is False
    assert not re.search(r"https?://|//cdn", (ROOT / "mkdocs.yml").read_text("utf-8"))
    assert "url(" not in (generate.DOCS / "assets/site.css").read_text("utf-8")


@pytest.mark.skipif(MKDOCS is None, reason="mkdocs is not installed: pip install -e '.[docs]'")
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    """Every link and every anchor works; the generator is not part of the site."""
    command = [str(MKDOCS), "build", "--strict", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "site/manifest-reference/index.html").is_file()
    assert [
        path.name for path in (tmp_path / "site").rglob("*") if path.suffix == ".py" or path.name == "generator"
    ] == []
    pages = "".join(path.read_text("utf-8") for path in (tmp_path / "site").rglob("*.html"))
    assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["']https?://""", pages)


# Safe


HOSTILE = st.text(st.sampled_from("|`*_<>&~[]()\\$: a1{}'\"#!-"), max_size=12)


@given(HOSTILE)
def test_code_never_breaks_a_table_cell(text: str) -> None:
    """A vertical bar would end the cell, a backtick the code span, and a bracket would start a tag."""
    shown = code(text)
    assert "|" not in shown
    if shown.startswith("`"):
        assert shown == f"`{text}`"
        assert "`" not in text
    else:
        assert not re.search(r"[<>`*_\\|]", shown.removeprefix("<code>").removesuffix("</code>"))


@given(HOSTILE)
def test_prose_never_breaks_a_table_cell(text: str) -> None:
    """Outside of code spans, Markdown's special characters become entities."""
    shown = prose(text)
    assert "|" not in shown
    outside = re.sub(r"`[^`]+`|<code>[^<]*</code>", "", shown)
    assert not re.search(r"[<*~`]", outside)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b and `x|y`", "a_b and <code>x&#124;y</code>"),
        ("_a_ *b* <i> c|d", "&#95;a&#95; &#42;b&#42; &#60;i> c&#124;d"),
        ("one\n  two", "one two"),
        ("[a](javascript:x) [default: 3]", "[a&#93;(javascript:x) [default: 3]"),
    ],
)
def test_plain_prose_is_not_escaped(text: str, shown: str) -> None:
    """The source stays readable."""
    assert prose(text) == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HOSTILE, inner, max_size=3),
    max_leaves=5,
)


@given(JSON)
def test_a_value_reads_back_from_its_yaml(value: object) -> None:
    """Defaults and examples can be copied."""
    assert YAML(typ="safe").load(yaml(value)) == json.loads(json.dumps(value))


def test_a_block_has_a_fence_that_its_text_cannot_close() -> None:
    """The fence is longer than any in the text; a table has a separator below its head."""
    assert fenced("```\nx\n```", "text") == "````text\n```\nx\n```\n````\n"
    assert table(("a", "b"), [("c", "d")]) == "| a | b |\n|---|---|\n| c | d |\n"


def examples() -> Iterator[tuple[str, str]]:
    """Return the YAML blocks of the reference with their sections."""
    for title, text in sections(REFERENCE).items():
        for block in re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            yield title, block


@pytest.mark.parametrize(("title", "block"), list(examples()), ids=[title for title, _ in examples()])
def test_the_example_of_a_section_is_valid(title: str, block: str) -> None:
    """Each example shows its place in a manifest."""
    shown = YAML(typ="safe").load(block)
    if title != "environments":
        rest: dict[str, Any] = {"version": 1, "source": {"url": "logs/{date:%Y-%m-%d}"}, "sites": {"docs": {}}}
        source = rest["source"] | shown.get("source", {})
        Manifest.model_validate(rest | shown | {"source": source})
