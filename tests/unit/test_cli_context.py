"""What commands have in common: which manifest, which days, how long to wait."""

import datetime as dt
from pathlib import Path

import pytest

from mtc.cli import context
from mtc.core.errors import UsageError
from mtc.core.model import Stage
from mtc.manifest.dates import DateRange
from mtc.manifest.load import load


def test_the_manifest_given_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then $MTC_MANIFEST, then manifests/daily.yaml; without any there is a hint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MTC_MANIFEST", raising=False)
    with pytest.raises(UsageError, match="mtc init"):
        context.manifest_path(None)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/daily.yaml").touch()
    assert context.manifest_path(None) == Path("manifests/daily.yaml")
    monkeypatch.setenv("MTC_MANIFEST", "other.yaml")
    assert context.manifest_path(None) == Path("other.yaml")
    assert context.manifest_path(Path("given.yaml")) == Path("given.yaml")


def test_an_empty_variable_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MTC_MANIFEST= mtc plan` is how a shell takes a variable away."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTC_MANIFEST", "")
    with pytest.raises(UsageError, match="there is no manifest"):
        context.manifest_path(None)


def test_two_manifests_are_one_only_if_they_are_the_same() -> None:
    """Neither is silently left out."""
    one, two = Path("one.yaml"), Path("two.yaml")
    assert context.one_manifest(one, None) == context.one_manifest(None, one) == context.one_manifest(one, one) == one
    assert context.one_manifest(None, None) is None
    with pytest.raises(UsageError, match=r"one\.yaml and two\.yaml"):
        context.one_manifest(one, two)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("0s", 0)])
def test_patience_is_a_duration(text: str, seconds: float) -> None:
    """In seconds, minutes, hours or days."""
    assert context.patience(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-1s", "1.5h", "10 m", "10m\n", "٣m"])
def test_what_is_no_duration_is_a_usage_error(text: str) -> None:
    """Waiting for ever, or not at all, must not come from a slip."""
    with pytest.raises(UsageError, match="write 90s, 10m or 2h"):
        context.patience(text)


def test_no_patience_is_not_the_same_as_none() -> None:
    """Without --wait there is no waiting."""
    assert context.patience(None) is None


def test_a_span_is_the_first_and_the_last_day() -> None:
    """Of one date, of a range, or of nothing."""
    day, last = dt.date(2026, 5, 1), dt.date(2026, 5, 9)
    assert context.span(None, None, None) == (None, None)
    assert context.span(None, None, "2026-05-01") == (day, day)
    assert context.span("2026-05-01", "2026-05-09", None) == (day, last)
    assert context.span(None, "2026-05-09", None) == (None, last)


def test_short_forms_name_a_day_or_a_range() -> None:
    """`mtc import SITE DATE` and `mtc import SITE START END`."""
    assert context.dates_of("2026-05-01", None) == "2026-05-01"
    assert context.dates_of("yesterday", None) == "yesterday"
    found = context.dates_of("2026-05-01", "2026-05-09")
    assert found is not None
    assert str(found) == str(context.dates_of("2026-05-01", "2026-05-09"))
    with pytest.raises(UsageError, match="is after"):
        context.dates_of("2026-05-09", "2026-05-01")


def test_nothing_said_is_nothing_cut(tmp_path: Path) -> None:
    """Empty options leave the manifest's own sites, stages and dates; `--to` alone begins with its first day."""
    text = "version: 1\ndates: {from: 2026-05-01, to: 2026-05-09}\nsource: {url: 'l/{date:%F}'}\nsites: {docs: {}}\n"
    (tmp_path / "m.yaml").write_text(text)
    project = load(tmp_path / "m.yaml")
    nothing = context.scope(project, None, None, (None, None, None))
    assert (nothing.sites, nothing.stages, nothing.dates) == ((), (), None)
    upto = DateRange.model_validate({"from": "2026-05-01", "to": "2026-05-03"})
    assert context.scope(project, None, None, (None, "2026-05-03", None)).dates == upto
    something = context.scope(project, ["docs"], [Stage.STAT], (None, None, "2026-05-01"))
    assert (something.sites, something.stages, something.dates) == (("docs",), (Stage.STAT,), "2026-05-01")
