"""What commands have in common: which manifest, which days, how long to wait."""

import datetime as dt
from pathlib import Path

import pytest

from mtc.cli import option_values, preflight
from mtc.core.errors import UsageError
from mtc.core.model import Stage
from mtc.manifest.dates import DateRange
from mtc.manifest.load import load


def test_the_manifest_given_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then $MTC_MANIFEST, then manifests/daily.yaml; without any there is a hint."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MTC_MANIFEST", raising=False)
    with pytest.raises(UsageError, match="mtc init"):
        preflight.manifest_path(None)
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/daily.yaml").touch()
    assert preflight.manifest_path(None) == Path("manifests/daily.yaml")
    monkeypatch.setenv("MTC_MANIFEST", "other.yaml")
    assert preflight.manifest_path(None) == Path("other.yaml")
    assert preflight.manifest_path(Path("given.yaml")) == Path("given.yaml")


def test_an_empty_variable_is_as_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MTC_MANIFEST= mtc plan` is how a shell takes a variable away."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTC_MANIFEST", "")
    with pytest.raises(UsageError, match="there is no manifest"):
        preflight.manifest_path(None)


def test_two_manifests_are_one_only_if_they_are_the_same() -> None:
    """Neither is silently left out."""
    one, two = Path("one.yaml"), Path("two.yaml")

    def given(argument: Path | None, option: Path | None) -> Path | None:
        return preflight.ManifestOptions(argument, option).given

    assert given(one, None) == given(None, one) == given(one, one) == one
    assert given(None, None) is None
    with pytest.raises(UsageError, match=r"one\.yaml and two\.yaml"):
        given(one, two)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86400), ("0s", 0)])
def test_wait_is_a_duration(text: str, seconds: float) -> None:
    """In seconds, minutes, hours or days."""
    assert option_values.wait_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-1s", "1.5h", "10 m", "10m\n", "٣m"])
def test_what_is_no_duration_is_a_usage_error(text: str) -> None:
    """Waiting for ever, or not at all, must not come from a slip."""
    with pytest.raises(UsageError, match="write 90s, 10m or 2h"):
        option_values.wait_seconds(text)


def test_no_wait_is_not_the_same_as_zero() -> None:
    """Without --wait there is no waiting."""
    assert option_values.wait_seconds(None) is None


def test_a_span_is_the_first_and_the_last_day() -> None:
    """Of one date, of a range, or of nothing."""
    day, last = dt.date(2026, 5, 1), dt.date(2026, 5, 9)
    assert option_values.day_bounds((None, None, None)) == (None, None)
    assert option_values.day_bounds((None, None, "2026-05-01")) == (day, day)
    assert option_values.day_bounds(("2026-05-01", "2026-05-09", None)) == (day, last)
    assert option_values.day_bounds((None, "2026-05-09", None)) == (None, last)


def test_short_forms_name_a_day_or_a_range() -> None:
    """`mtc import SITE DATE` and `mtc import SITE START END`."""
    assert option_values.dates_of_arguments("2026-05-01", None) == "2026-05-01"
    assert option_values.dates_of_arguments("yesterday", None) == "yesterday"
    found = option_values.dates_of_arguments("2026-05-01", "2026-05-09")
    assert found is not None
    assert str(found) == str(option_values.dates_of_arguments("2026-05-01", "2026-05-09"))
    with pytest.raises(UsageError, match="is after"):
        option_values.dates_of_arguments("2026-05-09", "2026-05-01")


def test_nothing_said_is_nothing_cut(tmp_path: Path) -> None:
    """Empty options leave the manifest's own sites, stages and dates; `--to` alone begins with its first day."""
    text = "version: 1\ndates: {from: 2026-05-01, to: 2026-05-09}\nsource: {url: 'l/{date:%F}'}\nsites: {docs: {}}\n"
    (tmp_path / "m.yaml").write_text(text)
    project = load(tmp_path / "m.yaml")
    nothing = preflight.select_scope(project, None, None, (None, None, None))
    assert (nothing.sites, nothing.stages, nothing.dates) == ((), (), None)
    upto = DateRange.model_validate({"from": "2026-05-01", "to": "2026-05-03"})
    assert preflight.select_scope(project, None, None, (None, "2026-05-03", None)).dates == upto
    something = preflight.select_scope(project, ["docs"], [Stage.STAT], (None, None, "2026-05-01"))
    assert (something.sites, something.stages, something.dates) == (("docs",), (Stage.STAT,), "2026-05-01")
