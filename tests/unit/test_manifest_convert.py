"""A first manifest is made from the old configuration or from nothing."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtc.core.errors import ManifestError, UsageError
from mtc.manifest.first_manifest import convert, starter
from mtc.manifest.load import load, validate
from mtc.report.error_report import problem_text

OLD = """\
aws_pull_access_key: AKIAPULL
aws_pull_secret: pull+s3cret
aws_push_access_key: AKIAPUSH
aws_push_secret: push+s3cret
piwik_ip: 10.0.0.7
sites:
  docs: 1
  Big Shop: 2
  big-shop: 3
  "123": 4
"""
NAMES = {
    "AWS_PULL_ACCESS_KEY": "a",
    "AWS_PULL_SECRET": "b",
    "AWS_PUSH_ACCESS_KEY": "c",
    "AWS_PUSH_SECRET": "d",
    "MATOMO_TOKEN": "e",
}


def test_an_old_configuration_becomes_a_valid_manifest(tmp_path: Path) -> None:
    """Sites keep their numbers; names that a manifest does not allow are changed, and the change is reported."""
    text, notes = convert(OLD, name=".aws_config")
    (tmp_path / "daily.yaml").write_text(text)
    with pytest.raises(ManifestError, match="REPLACE-ME is still to be replaced"):
        load(tmp_path / "daily.yaml", environ=NAMES)
    (tmp_path / "daily.yaml").write_text(text.replace("REPLACE-ME", "acme"))
    project = load(tmp_path / "daily.yaml", environ=NAMES)
    assert {name: site.matomo_id for name, site in project.sites.items()} == {
        "docs": 1,
        "big-shop": 2,
        "big-shop-2": 3,
        "123": 4,
    }
    assert project.matomo is not None
    assert project.matomo.url == "http://10.0.0.7"
    assert any("'Big Shop' is now big-shop:" in note for note in notes)
    assert "REPLACE-ME" in text
    assert any("REPLACE-ME" in note for note in notes)


def test_secrets_are_not_copied() -> None:
    """Neither the manifest nor a note contains one: names of variables take their places."""
    text, notes = convert(OLD, name=".aws_config")
    assert not any(secret in text + "".join(notes) for secret in ("AKIA", "s3cret"))
    assert all("${" + name + "}" in text for name in NAMES)


def test_missing_settings_of_the_old_file_are_left_out(tmp_path: Path) -> None:
    """Push keys, archive, Matomo and site ids are optional."""
    text, notes = convert("aws_pull_secret: x\nsites: {docs: }\nother: 1\npiwik_ip: 'a b'\n", name=".aws_config")
    (tmp_path / "daily.yaml").write_text(text.replace("REPLACE-ME", "acme"))
    (report,) = validate([tmp_path / "daily.yaml"])
    assert report.valid
    assert "archive:" not in text
    assert "matomo:" not in text
    assert any("other is not used" in note for note in notes)
    assert any("docs had no Piwik number" in note for note in notes)


@pytest.mark.parametrize(
    "text", ["", "[]", "aws_pull_secret: s3cret: x", "aws_pull_secret: s3cret", "sites: {}\n", "a: s3cret\na: s3cret\n"]
)
def test_an_invalid_old_configuration_is_refused(text: str) -> None:
    """The error has a place but not the line: any line of this file may contain a secret."""
    with pytest.raises(ManifestError) as caught:
        convert(text, name=".aws_config")
    assert caught.value.problems
    assert not any("s3cret" in problem_text(each) for each in caught.value.problems)


@given(st.dictionaries(st.text(min_size=1, max_size=80), st.integers(1, 10**6), min_size=1, max_size=6))
def test_any_names_of_sites_are_converted_to_valid_ones(
    tmp_path_factory: pytest.TempPathFactory, sites: dict[str, int]
) -> None:
    """The manifest is valid and keeps every site."""
    import json  # noqa: PLC0415

    try:
        text, _ = convert("sites: " + json.dumps(sites), name=".aws_config")
    except ManifestError:
        return  # control characters in a key, for example
    file = tmp_path_factory.mktemp("converted") / "daily.yaml"
    file.write_text(text.replace("REPLACE-ME", "acme"))
    assert len(load(file, environ={}).sites) == len(sites)


@pytest.mark.parametrize(
    ("site", "logs"),
    [
        ("docs", "logs"),
        ("docs", "/var/log/nginx/"),
        ("docs", "s3://acme-logs"),
        ("123", "s3://acme-logs/docs/"),
        ("null", "logs/{site}/{date:%Y/%j}/*.gz"),
        ("a.b", 'it\'s "here"/#x'),
    ],
)
def test_a_first_manifest_is_valid(tmp_path: Path, site: str, logs: str) -> None:
    """The source may be a folder, a bucket or a pattern with any characters."""
    text = starter(site, logs)
    (tmp_path / "daily.yaml").write_text(text)
    assert text.startswith("# yaml-language-server: $schema=")
    settings = load(tmp_path / "daily.yaml", environ={}).sites[site]
    assert settings.source.url.startswith(logs.rstrip("/"))


@pytest.mark.parametrize(
    ("site", "logs"),
    [("Docs", "logs"), ("../x", "logs"), ("docs", "gs://x"), ("docs", "../logs"), ("docs", "logs\n"), ("docs", "{x}")],
)
def test_a_first_manifest_that_could_not_be_valid_is_refused(site: str, logs: str) -> None:
    """The error says what to write instead."""
    with pytest.raises(UsageError) as caught:
        starter(site, logs)
    assert caught.value.what
