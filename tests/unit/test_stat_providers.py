"""Which provider a site has, which days are requested together, and what the stage does with notes and failures."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from memory_recorder import MemoryRecorder
from stat_hits import DAY, connect, count, project, settings, stat_step, task

from mtc.core.errors import PermanentError, TransientError
from mtc.core.model import Part
from mtc.manifest.project import SiteSettings
from mtc.plan.work import StatWork
from mtc.stages.stat.matomo_provider import WINDOW_DAYS, WINDOW_HITS, halve, windows
from mtc.stages.stat.stat_stage import DayResult, NotedDocument, ProviderBySite, StatStage
from mtc.warehouse.stat_document import StatDocument
from mtc.warehouse.statistics import DayFailure, DayWork

DAYS_ = [DAY + dt.timedelta(days=n) for n in range(5)]


@dataclasses.dataclass(frozen=True)
class FakeProvider:
    """Answers with copies of a document; `ends` is raised instead of the answer for the day `fails`."""

    document: StatDocument
    fails: dt.date | None = None
    ends: Exception | None = None
    notes: tuple[str, ...] = ()

    def statistics(self, site: SiteSettings, days: Mapping[dt.date, DayWork]) -> Iterator[DayResult]:
        for day in sorted(days):
            if day == self.fails and self.ends:
                raise self.ends
            made = self.document.model_copy(update={"site": site.name, "day": day})
            yield DayFailure(day, PermanentError("no")) if day == self.fails else self._noted(made)

    def _noted(self, made: StatDocument) -> DayResult:
        return NotedDocument(made, self.notes) if self.notes else made


@pytest.fixture(name="document")
def made_document(tmp_path: Path) -> StatDocument:
    return count(tmp_path / "other", [])


def sized(hits: Mapping[int, int]) -> dict[dt.date, StatWork]:
    """Days by their number, with so many hits."""
    days = {number: DAY + dt.timedelta(days=number) for number in hits}
    return {days[number]: StatWork((Part("docs", days[number], "f", "o", some),)) for number, some in hits.items()}


def lengths(hits: Mapping[int, int]) -> list[int]:
    return [len(window) for window in windows(sized(hits))]


def test_the_manifest_says_who_answers_for_a_site(document: StatDocument) -> None:
    """The other one is not made, so that what it needs is not loaded."""
    matomo = FakeProvider(document.model_copy(update={"source": "matomo"}))
    days = {DAY: StatWork()}
    asked: list[str] = []

    def server() -> FakeProvider:
        asked.append("matomo")
        return matomo

    both = ProviderBySite(FakeProvider(document), server)
    assert next(iter(both.statistics(settings(), days))) == document
    assert asked == []
    answer = next(iter(both.statistics(dataclasses.replace(settings(), answers="matomo"), days)))
    assert isinstance(answer, StatDocument)
    assert answer.source == "matomo"


def test_a_site_that_is_to_ask_a_server_that_is_not_named_is_refused(document: StatDocument) -> None:
    """With what to write, instead of the other's numbers."""
    site = dataclasses.replace(settings(), answers="matomo")
    with pytest.raises(PermanentError, match="names no server") as caught:
        ProviderBySite(FakeProvider(document)).statistics(site, {DAY: StatWork()})
    assert "stats: {from: warehouse}" in caught.value.hint


def test_a_window_holds_days_that_follow_one_another_and_no_others() -> None:
    """A day that was not asked for may be in delivery: to read it would keep its report as it is now."""
    assert lengths({0: 1, 1: 1, 3: 1, 4: 1, 9: 1}) == [2, 2, 1]
    assert lengths(dict.fromkeys(range(WINDOW_DAYS * 2 + 1), 1)) == [WINDOW_DAYS, WINDOW_DAYS, 1]
    assert lengths({}) == []


def test_a_window_holds_no_more_hits_than_a_server_counts_in_one_request() -> None:
    """A day that alone has more is a window of its own."""
    assert lengths({0: 1, 1: WINDOW_HITS, 2: WINDOW_HITS * 9, 3: 1, 4: 1}) == [1, 1, 1, 2]


def test_a_window_is_cut_in_two() -> None:
    """Nothing is lost, and the order stays."""
    assert halve(DAYS_) == (tuple(DAYS_[:2]), tuple(DAYS_[2:]))


def test_notes_of_an_answer_are_in_the_receipt(tmp_path: Path, document: StatDocument) -> None:
    """And not in the file, which depends on the numbers alone."""
    recorder, plain = MemoryRecorder(), MemoryRecorder()
    provider = FakeProvider(document, notes=("a", "b"))
    StatStage(project(tmp_path), connect, provider).run(task(stat_step([], lines=1)), recorder)
    StatStage(project(tmp_path), connect, FakeProvider(document)).run(task(stat_step([], lines=1)), plain)
    (noted,), (bare,) = recorder.receipts.values(), plain.receipts.values()
    assert (noted.notes, bare.notes) == (("a", "b"), ())
    assert noted.outputs == bare.outputs


def test_what_was_answered_before_the_source_gave_up_is_kept(tmp_path: Path, document: StatDocument) -> None:
    """Its error is that of the task, so that all that is left is tried again together."""
    recorder = MemoryRecorder()
    source = FakeProvider(document, DAYS_[3], TransientError("gone"))
    with pytest.raises(TransientError, match="gone"):
        StatStage(project(tmp_path), connect, source).run(
            task(*[stat_step([], day=day, lines=1) for day in DAYS_]), recorder
        )
    assert [step.day for step in recorder.receipts] == DAYS_[:3]
    names = sorted(path.name for path in (tmp_path / "stats/docs").iterdir())
    assert names == [f"{day}.stat" for day in DAYS_[:3]]


def test_a_bug_in_a_source_records_nothing_of_its_set(tmp_path: Path, document: StatDocument) -> None:
    """Only an error that was put into words is a way to end."""
    recorder = MemoryRecorder()
    with pytest.raises(ZeroDivisionError):
        StatStage(project(tmp_path), connect, FakeProvider(document, DAYS_[1], ZeroDivisionError())).run(
            task(*[stat_step([], day=day, lines=1) for day in DAYS_]), recorder
        )
    assert not recorder.receipts
    assert list((tmp_path / "stats/docs").iterdir()) == []
