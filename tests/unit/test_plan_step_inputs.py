"""The inputs of planned steps are mappings like the dicts that the state holds."""

import datetime as dt
from collections.abc import Callable

import pytest

from mtc.core.model import Accounting, LoadedObject, Part, SourceObject, Stage, StepId
from mtc.plan.stat_inputs import DayInputs, DayPart
from mtc.plan.step_inputs import ObjectInputs
from mtc.plan.work import StatWork
from mtc.state.rows import to_json

DAY, NEXT = dt.date(2026, 5, 1), dt.date(2026, 5, 2)
OBJECTS = (SourceObject("a.gz", 5, "etag"), SourceObject("b.gz", 7, modified=3))


def day_part(step_day: dt.date, key: str = "a.log") -> DayPart:
    part = Part("docs", DAY, f"hits/{key}.parquet", key, 5)
    loaded = LoadedObject(SourceObject(key, 9, "e"), key, "sha", "combined", Accounting(5, 5), (part,), made_with="m")
    return DayPart(part, loaded, StepId(Stage.IMPORT, "docs", step_day))


def inputs_of(*hits: DayPart, accounting: Accounting | None = None, lacking: tuple[str, ...] = ()) -> DayInputs:
    return DayInputs(hits, StatWork(tuple(hit.part for hit in hits), accounting, lacking))


def test_inputs_behave_like_a_dict() -> None:
    """Look-up, order, length, truth, equality in both directions, text and JSON."""
    inputs, plain = ObjectInputs(OBJECTS), {"a.gz": "etag", "b.gz": "7-3"}
    assert (dict(inputs), list(inputs), len(inputs), inputs["b.gz"]) == (plain, ["a.gz", "b.gz"], 2, "7-3")
    assert inputs == plain == inputs == ObjectInputs(OBJECTS)
    assert inputs != {"a.gz": "etag"} != inputs
    assert inputs != ObjectInputs(OBJECTS[:1])
    assert (repr(inputs), to_json(inputs)) == (repr(plain), to_json(plain))
    assert "c.gz" not in inputs
    assert not ObjectInputs(())


def test_inputs_are_made_once_for_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """To make them for each name would take a day of thousands of objects into the square of their number."""
    made: list[ObjectInputs] = []
    make = ObjectInputs.made

    def counted(self: ObjectInputs) -> dict[str, str]:
        made.append(self)
        return make(self)

    monkeypatch.setattr(ObjectInputs, "made", counted)
    readers: tuple[Callable[[ObjectInputs], object], ...] = (
        dict, list, lambda each: list(each.items()), lambda each: list(each.values()), to_json
    )  # fmt: skip
    for read in readers:
        made.clear()
        read(ObjectInputs(OBJECTS))
        assert len(made) <= 2, read


def test_a_part_is_named_with_the_import_that_made_it_if_that_is_of_another_day() -> None:
    """Whether the day has one part or several, and in the order of the parts."""
    own, other = day_part(DAY), day_part(NEXT, "b.log")
    names = {"a.log hits/a.log.parquet": "5 m"}
    of_next = {"b.log hits/b.log.parquet of import:docs:2026-05-02": "5 m"}
    assert inputs_of(own) == names
    assert inputs_of(other) == of_next
    assert list(inputs_of(own, other).items()) == [*names.items(), *of_next.items()]


def test_accounting_and_what_is_lacking_are_inputs_too() -> None:
    """A day without hits has them as well."""
    one, more = inputs_of(accounting=Accounting(3, 1, {"bot": 2})), inputs_of(accounting=Accounting(3, 2, {"bot": 1}))
    assert list(one) == ["accounting"]
    assert one != more
    assert inputs_of(lacking=("a", "b")) == {"lacking": "a; b"}
    assert inputs_of() == {}
