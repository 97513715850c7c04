"""Custom formats in a manifest are loaded, recorded, and not mistaken for references or for one another."""

from pathlib import Path

import pytest

from mtc.core.errors import ManifestError, Problem
from mtc.formats.custom_formats import CustomFormat, FormatChoice
from mtc.formats.registry import NAMES
from mtc.manifest.load import load
from mtc.plan.fingerprint import load_settings

HEAD = 'version: 1\nsource: {url: "logs/{site}/{date:%Y-%m-%d}.log", format: FORMAT}\n'
REGEX = r"""{regex: '(?P<ip>\S+) (?P<time>\S+) (?P<path>\S+)', time: '%d.%m.%Y %H:%M:%S'}"""


def format_of(folder: Path, text: str, *, site: str = "docs", env: str | None = None) -> FormatChoice:
    file = folder / "m.yaml"
    file.write_text(text)
    return load(file, environ={"braced": "no"}, env=env).sites[site].source.format


def problems_of(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(ManifestError) as caught:
        format_of(folder, text)
    return caught.value.problems


@pytest.mark.parametrize("name", ["auto", *NAMES])
def test_every_format_of_the_registry_may_be_named(name: str, tmp_path: Path) -> None:
    """The names are those of the registry, and `auto` means all of them."""
    assert format_of(tmp_path, HEAD.replace("FORMAT", name) + "sites: {docs: {}}\n") == name


def test_a_format_name_stays_a_name(tmp_path: Path) -> None:
    """The short form is not converted to a map."""
    assert format_of(tmp_path, HEAD.replace("FORMAT", "common") + "sites: {docs: {}}\n") == "common"


def test_a_sites_format_replaces_that_of_the_manifest_completely(tmp_path: Path) -> None:
    """Two formats are alternatives, and are not merged."""
    text = (
        HEAD.replace("FORMAT", REGEX)
        + "sites: {docs: {format: {apache: '%h %t %r'}}, shop: {format: auto}, blog: {}}\n"
    )
    assert format_of(tmp_path, text) == CustomFormat(apache="%h %t %r")
    assert format_of(tmp_path, text, site="shop") == "auto"
    assert format_of(tmp_path, text, site="blog") == CustomFormat.model_validate(
        {"regex": r"(?P<ip>\S+) (?P<time>\S+) (?P<path>\S+)", "time": "%d.%m.%Y %H:%M:%S"}
    )


def test_an_environments_format_replaces_that_of_the_manifest_completely(tmp_path: Path) -> None:
    """Formats are not merged there either."""
    over = "environments: {staging: {source: {format: {nginx: '$remote_addr $time_local $request'}}}}\n"
    text = HEAD.replace("FORMAT", REGEX) + "sites: {docs: {}}\n" + over
    assert format_of(tmp_path, text, env="staging") == CustomFormat(nginx="$remote_addr $time_local $request")


def test_braces_of_nginx_are_not_references(tmp_path: Path) -> None:
    """`${time_local}` is a variable of nginx, not of the environment."""
    layout = '"${remote_addr}" "${time_local}" "${request}" "${braced}"'
    text = HEAD.replace("FORMAT", f"{{nginx: '{layout}'}}") + "sites: {docs: {}}\n"
    assert format_of(tmp_path, text) == CustomFormat(nginx=layout)


def test_a_mistake_is_reported_once_with_its_place_and_a_hint(tmp_path: Path) -> None:
    """The number of sites that inherit it does not matter."""
    text = HEAD.replace("FORMAT", "{regex: '(?P<ip>a)(?P<time>b)(?P<pth>c)'}") + "sites: {docs: {}, shop: {}}\n"
    (problem,) = problems_of(tmp_path, text)
    assert (problem.line, problem.column, problem.where) == (2, 66, "source.format.regex")
    assert (problem.what, problem.hint) == ("pth is not a field", "did you mean path?")


@pytest.mark.parametrize(
    ("described", "recorded"),
    [
        ("auto", "auto"),
        ("{apache: '%h %t %r'}", '{"apache": "%h %t %r"}'),
        ("{json: {time: ts, ip: a.é, path: p}}", '{"json": {"ip": "a.é", "path": "p", "time": "ts"}}'),
        ("{time: '%d.%m.%y %H', regex: '(?P<ip>a)(?P<time>b)(?P<path>c)'}", None),
    ],
)
def test_the_record_of_a_format_is_stable(tmp_path: Path, described: str, recorded: str | None) -> None:
    """A step is done again when the description changes, but not when only the order of its keys changes."""
    file = tmp_path / "m.yaml"
    file.write_text(HEAD.replace("FORMAT", described) + "sites: {docs: {}}\n")
    told = load_settings(load(file).sites["docs"])["source.format"]
    assert told == (recorded or '{"regex": "(?P<ip>a)(?P<time>b)(?P<path>c)", "time": "%d.%m.%y %H"}')
