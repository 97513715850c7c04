"""What commands decide before their work: the manifest, the steps and days, and the time to wait for the lock."""

import datetime as dt
from pathlib import Path

import pytest

from mtc.cli import preflight
from mtc.core.errors import UsageError
from mtc.core.model import Stage, StepId
from mtc.manifest.dates import DateRange
from mtc.manifest.load import load


def test_the_given_manifest_takes_precedence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Next come $MTC_MANIFEST and manifests/daily.yaml; without any of them the error has a hint."""
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


def test_an_empty_variable_counts_as_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MTC_MANIFEST= mtc plan` is how a shell unsets a variable for one command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MTC_MANIFEST", "")
    with pytest.raises(UsageError, match="there is no manifest"):
        preflight.manifest_path(None)


def test_an_argument_and_an_option_must_name_the_same_manifest() -> None:
    """Neither is ignored silently."""
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
    assert preflight.wait_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "10", "m", "-1s", "1.5h", "10 m", "10m\n", "٣m"])
def test_an_invalid_duration_is_a_usage_error(text: str) -> None:
    """A typo must not make mtc wait forever or not at all."""
    with pytest.raises(UsageError, match="write 90s, 10m or 2h"):
        preflight.wait_seconds(text)


def test_without_wait_there_is_no_waiting() -> None:
    """A missing --wait differs from a wait of zero."""
    assert preflight.wait_seconds(None) is None


def test_a_span_is_the_first_and_the_last_day() -> None:
    """The span of a single date, of a range, or of nothing."""
    day, last = dt.date(2026, 5, 1), dt.date(2026, 5, 9)
    assert preflight.day_bounds((None, None, None)) == (None, None)
    assert preflight.day_bounds((None, None, "2026-05-01")) == (day, day)
    assert preflight.day_bounds(("2026-05-01", "2026-05-09", None)) == (day, last)
    assert preflight.day_bounds((None, "2026-05-09", None)) == (None, last)


def test_short_forms_name_a_day_or_a_range() -> None:
    """`mtc import SITE DATE` and `mtc import SITE START END`."""
    assert preflight.dates_of_arguments("2026-05-01", None) == "2026-05-01"
    assert preflight.dates_of_arguments("yesterday", None) == "yesterday"
    found = preflight.dates_of_arguments("2026-05-01", "2026-05-09")
    assert found is not None
    assert str(found) == str(preflight.dates_of_arguments("2026-05-01", "2026-05-09"))
    with pytest.raises(UsageError, match="is after"):
        preflight.dates_of_arguments("2026-05-09", "2026-05-01")


def test_empty_options_select_everything(tmp_path: Path) -> None:
    """The manifest's own sites, stages and dates apply; `--to` alone starts at the manifest's first day."""
    text = "version: 1\ndates: {from: 2026-05-01, to: 2026-05-09}\nsource: {url: 'l/{date:%F}'}\nsites: {docs: {}}\n"
    (tmp_path / "m.yaml").write_text(text)
    project = load(tmp_path / "m.yaml")
    nothing = preflight.select_scope(project, None, None, (None, None, None))
    assert (nothing.sites, nothing.stages, nothing.dates) == ((), (), None)
    upto = DateRange.model_validate({"from": "2026-05-01", "to": "2026-05-03"})
    assert preflight.select_scope(project, None, None, (None, "2026-05-03", None)).dates == upto
    something = preflight.select_scope(project, ["docs"], [Stage.STAT], (None, None, "2026-05-01"))
    assert (something.sites, something.stages, something.dates) == (("docs",), (Stage.STAT,), "2026-05-01")


def test_a_step_name_can_be_read_back() -> None:
    """This holds for every stage, site and day."""
    for stage in Stage:
        text = f"{stage}:docs.example-1:2026-05-01"
        found = preflight.parse_step(text)
        assert isinstance(found, StepId)
        assert str(found) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "a step looks like import:docs:2026-05-01"),
        ("docs", "a step looks like import:docs:2026-05-01"),
        ("import:docs", "a step looks like import:docs:2026-05-01"),
        ("imprt:docs:2026-05-01", "did you mean import:docs:2026-05-01?"),
        ("Stats:docs:2026-05-01", "did you mean stat:docs:2026-05-01?"),
        ("xyz:docs:2026-05-01", "its stage is import, stat or csv"),
        ("csv:docs:2026-02-30", "its day is a date like 2026-05-01; a step looks like import:docs:2026-05-01"),
        ("csv:docs:today", "its day is a date like 2026-05-01; a step looks like import:docs:2026-05-01"),
        ("csv:../etc:2026-05-01", "its day is a date like 2026-05-01; a step looks like import:docs:2026-05-01"),
    ],
)
def test_an_invalid_step_name_is_an_error_with_a_hint(text: str, hint: str) -> None:
    """The hint suggests the probable name, or shows the form of a step name."""
    with pytest.raises(UsageError) as caught:
        preflight.parse_step(text)
    assert caught.value.hint == hint
    assert caught.value.what == f"{text!r} is not a step"


def test_a_very_long_step_name_is_shortened_in_the_error() -> None:
    """A file pasted by mistake does not fill the screen."""
    with pytest.raises(UsageError) as caught:
        preflight.parse_step("x" * 10_000)
    assert len(caught.value.what) < 250


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("10m", 600), ("366d", 366 * 86400)])
def test_an_interval_is_between_a_second_and_a_year(text: str, seconds: float) -> None:
    """Rounds start at least a second and at most a year apart."""
    assert preflight.every_seconds(text) == seconds


@pytest.mark.parametrize("text", ["0s", "367d", "10", "1.5h", "-1s", "9" * 400 + "d", ""])
def test_an_invalid_interval_is_refused(text: str) -> None:
    """The error names the option."""
    with pytest.raises(UsageError, match="--every"):
        preflight.every_seconds(text)


def test_a_reloaded_project_replaces_the_previous_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A long-running process reads its manifest in each round and remembers only the current one."""
    file = tmp_path / "mtc.yaml"
    text = "version: 1\nsource: {url: 'logs/{date:%F}.log', credentials: store}\nsites: {docs: {}}\n"
    monkeypatch.setattr(preflight, "_opened", [])  # this list is global, and other tests fill it
    for number in range(3):
        key = f"credentials: {{store: {{access_key_id: key{number}, secret_access_key: secret{number}}}}}\n"
        file.write_text(text + key)
        preflight.open_project(preflight.ManifestOptions(file))
    assert set(preflight.known_secrets()) == {"key2", "secret2"}
