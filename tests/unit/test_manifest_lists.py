"""Lists in separate files, and the part of all rules in the fingerprint of a step."""

from pathlib import Path

import pytest

from mtc.core.errors import ManifestError
from mtc.formats.settings import Filters, HitSettings
from mtc.manifest.load import load
from mtc.manifest.models import Source
from mtc.manifest.project import SiteSettings
from mtc.plan.fingerprint import DEFAULTS, digest, import_settings, load_settings, stat_settings

OTHER: dict[str, object] = {
    "filters.bots": True,
    "filters.static": True,
    "filters.errors": True,
    "filters.redirects": True,
    "filters.methods": ["GET"],
    "filters.include_paths": ["/a"],
    "filters.exclude_paths": ["/a"],
    "filters.hosts": ["a"],
    "filters.exclude_hosts": ["a"],
    "filters.include_ips": ["a"],
    "filters.exclude_ips": ["a"],
    "filters.exclude_referrers": ["a"],
    "filters.exclude_user_agents": ["a"],
    "filters.exclude_older_than": "2026-05-01",
    "filters.exclude_newer_than": "2026-05-01",
    "hits.strip_query": True,
    "hits.query_delimiter": ";",
    "hits.exclude_query_parameters": ["a"],
    "hits.lowercase_paths": True,
    "hits.replace_paths": [{"find": "a", "replace": "b"}],
    "hits.path_prefix": "/a",
    "hits.download_extensions": ["a"],
    "hits.add_download_extensions": ["a"],
    "hits.anonymise_ips": 1,
    "source.timezone": "Europe/Paris",
    "source.shift": "1h",
    "source.encoding": "latin-1",
    "source.client": {"from": ["forwarded_for", "ip"]},
    "source.fields": {"ip": "c-forwarded"},
}
PLAIN = SiteSettings("docs", "", "UTC", Source(url="logs/{date:%Y-%m-%d}"), None, Filters())


def with_setting(name: str) -> SiteSettings:
    section, key = name.split(".")
    changed = getattr(PLAIN, section).model_dump(exclude_none=True) | {key: OTHER[name]}
    kind = {"filters": Filters, "hits": HitSettings, "source": Source}[section]
    values = {each: getattr(PLAIN, each) for each in ("filters", "hits", "source")} | {section: kind(**changed)}
    return SiteSettings("docs", "", "UTC", values["source"], None, values["filters"], hits=values["hits"])


def loaded(folder: Path, text: str, environ: dict[str, str] | None = None) -> dict[str, SiteSettings]:
    """The sites of a manifest in `manifests/` that contains these lines."""
    file = folder / "manifests" / "m.yaml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"version: 1\nsource: {{url: 'logs/{{site}}/{{date:%Y-%m-%d}}*'}}\n{text}\n")
    return dict(load(file, environ=environ or {}).sites)


OF_STATISTICS = {"hits.search_parameters"}


@pytest.mark.parametrize("name", [name for name in DEFAULTS if name in OTHER])
def test_every_rule_is_part_of_the_fingerprint(name: str) -> None:
    """Another value imports hits again; in an older record an unknown rule counts as absent."""
    changed = load_settings(with_setting(name))
    assert digest(changed) != digest(load_settings(PLAIN))
    assert {key for key, value in changed.items() if value != load_settings(PLAIN)[key]} == {name}


def test_rules_at_their_defaults_do_not_change_old_fingerprints() -> None:
    """An upgrade does not invalidate earlier results."""
    old = {"source.format": "auto", "timezone": "UTC"}
    assert digest(load_settings(PLAIN)) == digest(old)
    assert set(DEFAULTS) == {name for name in import_settings(PLAIN) if name in OTHER} | OF_STATISTICS
    assert set(OTHER) == set(DEFAULTS) - OF_STATISTICS
    assert set(stat_settings(PLAIN)) >= OF_STATISTICS


def test_a_list_may_be_in_a_file(tmp_path: Path) -> None:
    """One entry a line, without surrounding blanks, empty lines and comments; the path is relative to the project."""
    (tmp_path / "paths.txt").write_bytes("\ufeff/health*\r\n\r\n# a comment\r\n  /ünder scores  \n/#x".encode())
    sites = loaded(tmp_path, "filters: {exclude_paths: {file: paths.txt}}\nsites: {docs: {}}")
    assert sites["docs"].filters.exclude_paths == ("/health*", "/ünder scores", "/#x")


def test_a_site_overrides_a_list_whether_or_not_it_is_in_a_file(tmp_path: Path) -> None:
    """Lists are never merged: the last definition replaces all others."""
    (tmp_path / "a.txt").write_text("/a\n")
    (tmp_path / "b.txt").write_text("/b\n")
    sites = loaded(
        tmp_path,
        """
filters: {exclude_paths: {file: a.txt}}
sites:
  one: {}
  two: {filters: {exclude_paths: {file: b.txt}}}
  three: {filters: {exclude_paths: [/c]}}
  four: {filters: {exclude_paths: null}}
  five: {filters: {exclude_paths: {file: "${LIST}"}}, hits: {exclude_query_parameters: {file: a.txt}}}
""",
        {"LIST": "b.txt"},
    )
    found = {name: site.filters.exclude_paths for name, site in sites.items()}
    assert found == {"one": ("/a",), "two": ("/b",), "three": ("/c",), "four": (), "five": ("/b",)}
    assert sites["five"].hits.exclude_query_parameters == ("/a",)


def test_the_content_of_a_list_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    """Another entry changes the settings; another file name or a comment does not."""
    text = "filters: {exclude_paths: {file: FILE}}\nsites: {docs: {}}"
    digests = []
    for name, content in (("a.txt", "/a\n"), ("b.txt", "# one\n/a\n"), ("a.txt", "/a\n/b\n")):
        (tmp_path / name).write_text(content)
        digests.append(digest(load_settings(loaded(tmp_path, text.replace("FILE", name))["docs"])))
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "there is no such file"),
        (b"/caf\xe9\n", "not UTF-8 text"),
        (b"/a\n" * 400_000, "larger than 1 MB"),
        ("folder", "there is no such file"),
    ],
)
def test_an_unreadable_list_is_reported_where_it_is_named(
    tmp_path: Path, content: bytes | str | None, told: str
) -> None:
    """File, line and column are those of the manifest."""
    path = tmp_path / "list.txt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        path.mkdir()
    with pytest.raises(ManifestError, match=told) as caught:
        loaded(tmp_path, "filters: {exclude_paths: {file: list.txt}}\nsites: {docs: {}}")
    assert [(Path(each.file).name, each.line, each.column) for each in caught.value.problems] == [("m.yaml", 3, 33)]


def test_an_invalid_entry_is_reported_with_its_line_in_the_list(tmp_path: Path) -> None:
    """The error names the file of the list."""
    (tmp_path / "list.txt").write_text("10.0.0.0/8\n\n 10.0.0.0/40\n")
    with pytest.raises(ManifestError, match="is not a network") as caught:
        loaded(tmp_path, "filters: {exclude_ips: {file: list.txt}}\nsites: {docs: {}}")
    [problem] = caught.value.problems
    assert (Path(problem.file).name, problem.line, problem.column) == ("list.txt", 3, 2)
    assert problem.source == " 10.0.0.0/40"
