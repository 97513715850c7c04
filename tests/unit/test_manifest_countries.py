"""`stats.countries`: the path of the country database in a manifest."""

from pathlib import Path

import pytest

from mtc.core.errors import ManifestError
from mtc.manifest.load import load
from mtc.manifest.project import Project

TEXT = """\
version: 1
source: {url: "logs/{site}/{date:%Y-%m-%d}.log"}
sites:
  docs: {}
  shop: {url: "https://shop.example.org"}
"""


def loaded(folder: Path, text: str) -> Project:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "m.yaml").write_text(TEXT + text, "utf-8")
    return load(folder / "m.yaml", environ={"GEO": "geo"})


@pytest.mark.parametrize(
    ("text", "path", "setting"),
    [
        ("stats: {countries: geo/c.mmdb}", "geo/c.mmdb", "geo/c.mmdb"),
        ("stats: {countries: ./geo//c.mmdb}", "geo/c.mmdb", "geo/c.mmdb"),
        ('stats: {path: out, countries: "${GEO}/c.mmdb"}', "geo/c.mmdb", "geo/c.mmdb"),
        ("stats: {countries: /usr/share/GeoIP/c.mmdb}", "/usr/share/GeoIP/c.mmdb", "/usr/share/GeoIP/c.mmdb"),
    ],
)
def test_a_relative_path_starts_at_the_project(tmp_path: Path, text: str, path: str, setting: str) -> None:
    """Each site has the same normalised path as a setting, without the location of the project."""
    project = loaded(tmp_path / "manifests", text)
    assert project.countries == tmp_path / path
    assert {site.countries for site in project.sites.values()} == {setting}
    assert project.stats == tmp_path / ("out" if "out" in text else "stats")


@pytest.mark.parametrize("text", ["", "stats: {path: stats}", "stats: {path: stats, countries: null}", "stats: null"])
def test_there_is_no_database_by_default(tmp_path: Path, text: str) -> None:
    project = loaded(tmp_path, text)
    assert project.countries is None
    assert {site.countries for site in project.sites.values()} == {""}


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("stats: {contries: c.mmdb}", "did you mean countries?"),
        ('stats: {countries: ""}', "stats.countries"),
        ("stats: {countries: [c.mmdb]}", "stats.countries"),
        ("stats: {countries: true}", "stats.countries"),
    ],
)
def test_an_invalid_path_is_reported_with_its_place(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(ManifestError) as caught:
        loaded(tmp_path, text)
    assert what in str(caught.value)
    assert "m.yaml:6:" in str(caught.value)
