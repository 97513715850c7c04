"""What a plan says of hits that go to Matomo: what is still to be delivered, and what would count twice."""

import contextlib
import dataclasses
import random
from collections import Counter

import pytest
from delivery_world import Book
from hypothesis import given, settings
from hypothesis import strategies as st
from plan_world import DAY, NEXT, House, import_step, obj, only, project, site

from mtc.core.deliveries import Batch, Delivery, DeliveryStatus
from mtc.core.errors import InterruptedRunError
from mtc.core.model import Stage, Status, Verdict
from mtc.formats.settings import Filters
from mtc.manifest.project import SettingLocation
from mtc.plan.work import DeliverWork, ImportWork

STEP = import_step()
SERVER = "https://stats.example.org"
ELSEWHERE = "https://other.example.org"
STATIC = Filters(static=True)
TWICE = Verdict.COUNTED_TWICE
AGAIN = f"to count them again: --accept {STEP}"
ONLY_IMPORT = (Stage.IMPORT,)


def delivered(*keys: str, vanished: str = "keep") -> House:
    """A house whose objects of the day (`a.log`, unless named) are loaded and delivered."""
    house = House(project(site(matomo=SERVER, vanished=vanished)), days=(DAY,))
    for key in keys or ("a.log",):
        house.put(obj(key))
    house.apply(ONLY_IMPORT)
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE
    return house


def stopped(fuel: int, *keys: str, vanished: str = "keep") -> House:
    """A house of `a.log` (or these), new, whose first run is stopped after so many facts."""
    house = House(project(site(matomo=SERVER, vanished=vanished)), days=(DAY,), fuel=fuel)
    for key in keys or ("a.log",):
        house.put(obj(key))
    with pytest.raises(InterruptedRunError):
        house.apply(ONLY_IMPORT)
    house.fuel = None
    return house


def half_sent(*keys: str, vanished: str = "keep") -> House:
    """A house whose delivery is cut and not ended."""
    house = stopped(2 + len(keys or ("a.log",)), *keys, vanished=vanished)
    assert [one.status for one in house.book.deliveries[STEP]] == [DeliveryStatus.OPEN]
    return house


def work_of(house: House) -> ImportWork:
    """The work of the day's import step."""
    work = only(house.plan(), STEP).work
    assert isinstance(work, ImportWork)
    return work


def delivering(house: House) -> DeliverWork:
    """What the day's import step has to deliver."""
    deliver = work_of(house).deliver
    assert deliver is not None
    return deliver


def statuses(house: House) -> list[DeliveryStatus]:
    """The statuses of the day's deliveries."""
    return [one.status for one in house.book.deliveries[STEP]]


def is_refused(house: House, *reasons: str) -> None:
    """The step would count twice for these reasons, and `apply` does nothing for it."""
    planned = only(house.plan(), STEP)
    assert (planned.verdict, planned.reasons, planned.work) == (TWICE, (*reasons, AGAIN), None)
    sent = Counter(house.book.sent)
    assert house.apply(ONLY_IMPORT) == []
    assert house.book.sent == sent


def is_accepted(house: House, *resend: str) -> None:
    """With the operator's word the step is done, with these keys taken back; then all is as it should be."""
    house.accepted = frozenset({STEP})
    assert delivering(house).resend == resend
    assert delivering(house).accepted
    assert house.apply(ONLY_IMPORT) == [STEP]
    house.accepted = frozenset()
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE


def sent(house: House, server: str = "stats.example.org") -> dict[str, int]:
    """How often the hits of each object went to a server."""
    return {key: count for (name, key), count in house.book.sent.items() if name == server}


# What is to be delivered


def test_a_new_step_delivers_all_that_it_loads() -> None:
    """Its delivery is the first; nothing is covered yet."""
    house = House(project(site(matomo=SERVER)), days=(DAY,))
    for key in ("a.log", "b.log"):
        house.put(obj(key))
    assert delivering(house) == DeliverWork(number=1)
    assert work_of(house).to_deliver == 2


def test_a_site_without_matomo_delivers_nothing() -> None:
    """Not even work that says so; what was delivered once is nobody's concern."""
    house = House(project(site()), days=(DAY,))
    house.put(obj("a.log"))
    assert work_of(house).deliver is None
    assert work_of(house).to_deliver == 0
    house.apply(ONLY_IMPORT)
    assert house.book.deliveries == {}
    house = delivered()
    house.set_site(site())
    house.put(obj("a.log", 120))
    assert house.verdict(STEP)[0] is not TWICE
    assert work_of(house).deliver is None


def test_a_late_object_is_the_next_delivery_and_alone_in_it() -> None:
    """What is covered stays so."""
    house = delivered()
    house.put(obj("b.log"))
    assert house.verdict(STEP) == (Verdict.LATE_OBJECTS, ("late: b.log",))
    deliver = delivering(house)
    assert (deliver.number, [item.key for item in deliver.covered], deliver.carried) == (2, ["a.log"], {})
    assert work_of(house).to_deliver == 1
    house.apply(ONLY_IMPORT)
    assert sent(house) == {"a.log": 1, "b.log": 1}


def test_matomo_added_later_delivers_what_is_loaded() -> None:
    """The manifest's line is the reason; nothing is loaded again."""
    house = House(project(site()), days=(DAY, NEXT))
    for day in (DAY, NEXT):
        house.put(obj(f"{day}.log"), day=day)
    house.apply(ONLY_IMPORT)
    house.set_site(site(matomo=SERVER), {"matomo": SettingLocation("m.yaml", 4)})
    reason = "matomo: none → stats.example.org site 1 (m.yaml:4)"
    verdict, reasons = house.verdict(STEP)
    assert (verdict, reasons[0]) == (Verdict.MANIFEST_CHANGED, reason)
    work = work_of(house)
    assert (work.load, work.to_deliver) == ((), 1)
    house.apply(ONLY_IMPORT)
    assert sent(house) == {f"{DAY}.log": 1, f"{NEXT}.log": 1}
    assert house.apply(ONLY_IMPORT) == []


def test_matomo_removed_again_leaves_nothing_to_load_or_send() -> None:
    """The step is recorded anew; when matomo comes back, what it has is not sent again."""
    house = delivered()
    house.set_site(site())
    assert house.verdict(STEP)[0] is Verdict.MANIFEST_CHANGED
    work = work_of(house)
    assert (work.load, work.deliver, work.to_deliver) == ((), None, 0)
    assert house.apply(ONLY_IMPORT) == [STEP]
    house.set_site(site(matomo=SERVER))
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1}


@pytest.mark.parametrize(
    "changed", [site(matomo=ELSEWHERE), site(matomo=SERVER, matomo_id=2)], ids=["server", "site id"]
)
def test_another_server_or_site_is_given_everything(changed: object) -> None:
    """It has none of the hits; going back to the first one sends nothing."""
    house = delivered()
    first = house.project.sites["docs"]
    house.set_site(changed)  # type: ignore[arg-type]
    assert house.verdict(STEP)[0] is Verdict.MANIFEST_CHANGED
    assert (delivering(house).number, delivering(house).covered, work_of(house).to_deliver) == (2, (), 1)
    house.apply(ONLY_IMPORT)
    assert sum(house.book.sent.values()) == 2
    house.set_site(first)
    house.apply(ONLY_IMPORT)
    assert sum(house.book.sent.values()) == 2


def test_what_was_delivered_elsewhere_may_change_as_it_likes() -> None:
    """Only today's server could count it twice."""
    house = delivered()
    house.set_site(site(matomo=ELSEWHERE))
    house.put(obj("a.log", 120))
    assert house.verdict(STEP)[0] is Verdict.MANIFEST_CHANGED
    assert delivering(house).carried == {}
    house.apply(ONLY_IMPORT)
    assert sent(house, "other.example.org") == {"a.log": 1}


def test_a_site_that_is_looked_up_by_address_keeps_its_deliveries() -> None:
    """Without a number in the manifest, those of any number on the server are its own."""
    house = delivered()
    house.set_site(site(matomo=SERVER, matomo_id=None, url="https://docs.example.org"))
    house.apply(ONLY_IMPORT)
    assert sent(house) == {"a.log": 1}


def test_a_loaded_object_that_no_delivery_covers_is_work() -> None:
    """Whatever the step's record says of itself."""
    house = delivered()
    house.book.deliveries.clear()
    assert house.verdict(STEP) == (Verdict.OUTPUT_MISSING, ("not delivered: a.log",))
    assert work_of(house).to_deliver == 1


def test_an_object_that_is_kept_though_gone_is_delivered_too() -> None:
    """Its hits are in the warehouse, and count there."""
    house = delivered("a.log", "b.log")
    house.take("a.log")
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE
    house.book.deliveries.clear()
    assert house.verdict(STEP)[1] == ("not delivered: a.log", "not delivered: b.log") or house.verdict(STEP)[1] == (
        "not delivered: b.log",
        "not delivered: a.log",
    )
    house.apply(ONLY_IMPORT)
    assert sent(house) == {"a.log": 2, "b.log": 2}


# Deliveries that are under way


@pytest.mark.parametrize("fuel", range(7))
def test_a_step_stopped_anywhere_delivers_each_object_once(fuel: int) -> None:
    """A run that goes on sends what was not cut, and ends what was."""
    house = House(project(site(matomo=SERVER)), days=(DAY,), fuel=fuel)
    for key in ("a.log", "b.log"):
        house.put(obj(key))
    with contextlib.suppress(InterruptedRunError):
        house.apply(ONLY_IMPORT)
    house.fuel = None
    house.apply(ONLY_IMPORT)
    assert sent(house) == {"a.log": 1, "b.log": 1}
    assert statuses(house) == [DeliveryStatus.DONE]
    assert house.apply(ONLY_IMPORT) == []


def test_an_open_delivery_keeps_its_step_as_work() -> None:
    """It goes on before anything else, and its objects are not to be sent anew."""
    house = half_sent()
    assert house.verdict(STEP)[0] is Verdict.FAILED
    work = work_of(house)
    assert (work.load, [one.number for one in delivering(house).opened], work.to_deliver) == ((), [1], 1)
    house.apply(ONLY_IMPORT)
    assert statuses(house) == [DeliveryStatus.DONE]
    assert sent(house) == {"a.log": 1}


def test_an_open_delivery_is_finished_before_its_step_is_refused() -> None:
    """The plan has work; then the step fails, and the next plan says why."""
    house = half_sent()
    house.put(obj("a.log", 120))
    assert house.verdict(STEP)[0] is Verdict.FAILED
    reason = "delivered, and changed since: a.log (100 → 120 bytes)"
    assert delivering(house).refused == (reason,)
    assert house.apply(ONLY_IMPORT) == []
    assert house.steps[STEP].error == f"would count twice: {reason}"
    assert statuses(house) == [DeliveryStatus.DONE]
    is_refused(house, reason)


def test_an_open_delivery_that_is_forgotten_of_is_gone_on_with() -> None:
    """The objects are loaded again, hold the same lines, and the delivery has its parts."""
    house = half_sent()
    house.forget(STEP)
    assert house.verdict(STEP)[0] is Verdict.NEW
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert statuses(house) == [DeliveryStatus.DONE]
    assert sent(house) == {"a.log": 1}


def test_an_open_delivery_whose_parts_are_lost_waits_for_its_objects_to_be_loaded_again() -> None:
    """They are in the source still."""
    house = half_sent()
    house.parts.clear()
    assert [item.key for item in work_of(house).load] == ["a.log"]
    assert work_of(house).to_deliver == 1
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1}


@pytest.mark.parametrize("forgotten", [True, False])
def test_an_open_delivery_whose_hits_are_lost_is_refused_until_they_are_back_or_given_up(*, forgotten: bool) -> None:
    """Neither part nor object is there: nobody can say which of its hits were sent.

    Nothing of it is dropped meanwhile, so that a warehouse that is restored ends it.
    """
    house = half_sent("a.log", "b.log")
    parts = set(house.parts)
    house.take("a.log")
    if forgotten:
        house.forget(STEP)
    else:
        house.parts.clear()
    reason = "delivered in part, and its hits are lost: a.log"
    for _ in range(2):
        assert delivering(house).refused == (reason,)
        assert house.apply(ONLY_IMPORT) == []
        assert house.steps[STEP].error == f"would count twice: {reason}"
        assert statuses(house) == [DeliveryStatus.OPEN]
    if not forgotten:
        restored = dataclasses.replace(house, parts=set(parts), book=_copy(house), steps=dict(house.steps))
        restored.objects = {step: dict(items) for step, items in house.objects.items()}
        assert restored.apply(ONLY_IMPORT) == [STEP]
        assert sent(restored) == {"a.log": 1, "b.log": 1}
    is_accepted(house, "a.log", "b.log")
    assert statuses(house) == [DeliveryStatus.GIVEN_UP, DeliveryStatus.DONE]
    assert sent(house) == {"a.log": 1, "b.log": 2}


def _copy(house: House) -> Book:
    book = dataclasses.replace(house.book, sent=Counter(house.book.sent))
    book.deliveries = {step: list(made) for step, made in house.book.deliveries.items()}
    return book


@pytest.mark.parametrize("how", ["touched", "compressed"])
def test_an_open_delivery_is_not_gone_on_with_from_an_object_of_another_identity(how: str) -> None:
    """Its hits would be looked up under other ids, not found, and sent again: the operator has to say so."""
    house = half_sent("a.log", "b.log")
    house.parts.clear()
    if how == "touched":
        house.put(obj("a.log", modified=2))
    else:
        house.take("a.log")
        house.put(obj("a.log.gz", 20))
    assert house.apply(ONLY_IMPORT) == []
    assert house.steps[STEP].error == "a delivery cannot be finished"
    assert delivering(house).refused == ("delivered in part, and its hits are lost: a.log",)
    assert house.apply(ONLY_IMPORT) == []
    assert sent(house) == {"a.log": 1, "b.log": 1}
    is_accepted(house, "a.log", "b.log")


def test_a_delivery_that_was_given_up_is_no_work_and_covers_nothing() -> None:
    """Its number is not used again."""
    house = half_sent()
    house.book.take_back(STEP, ["a.log"])
    deliver = delivering(house)
    assert (deliver.number, deliver.opened, deliver.covered) == (2, (), ())
    assert work_of(house).to_deliver == 1


# What would count twice


def test_a_delivered_object_of_another_size_is_refused_and_accepted_by_name() -> None:
    """Other lines: all of it would be sent again."""
    house = delivered("a.log", "b.log")
    house.put(obj("a.log", 120), {DAY: 12})
    is_refused(house, "delivered, and changed since: a.log (100 → 120 bytes)")
    is_accepted(house, "a.log")
    assert sent(house) == {"a.log": 2, "b.log": 1}


def test_of_many_reasons_the_first_are_shown() -> None:
    """And how many more there are."""
    keys = [f"{letter}.log" for letter in "abcde"]
    house = delivered(*keys)
    for key in keys:
        house.put(obj(key, 120))
    _, reasons = house.verdict(STEP)
    assert len(reasons) == 5
    assert reasons[2:] == ("delivered, and changed since: c.log (100 → 120 bytes)", "2 more", AGAIN)


def test_a_file_that_was_touched_is_read_and_not_sent_again() -> None:
    """Of the same size: only reading it tells, and it holds the same lines."""
    house = delivered()
    house.put(obj("a.log", modified=2))
    assert house.verdict(STEP)[0] is Verdict.INPUTS_CHANGED
    assert set(delivering(house).carried) == {"a.log"}
    assert work_of(house).to_deliver == 0
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1}
    assert house.apply(ONLY_IMPORT) == []


def test_other_lines_in_a_file_of_the_same_size_fail_the_step_until_accepted() -> None:
    """That is found when it is read."""
    house = delivered()
    house.put(obj("a.log", modified=2), {DAY: 11})
    assert house.apply(ONLY_IMPORT) == []
    assert house.steps[STEP].error == "it holds other lines now: a.log"
    assert sent(house) == {"a.log": 1}
    house.accepted = frozenset({STEP})
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 2}


def test_a_log_that_was_compressed_is_not_sent_again() -> None:
    """Moved, and of another size: the lines are the same."""
    house = delivered()
    house.take("a.log")
    house.put(obj("a.log.gz", 20))
    assert house.verdict(STEP) == (Verdict.INPUTS_CHANGED, ("moved: a.log → a.log.gz",))
    assert {key: item.key for key, item in delivering(house).carried.items()} == {"a.log.gz": "a.log"}
    assert work_of(house).to_deliver == 0
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1}
    assert [item.key for one in house.book.deliveries[STEP] for item in one.objects] == ["a.log.gz"]
    assert house.apply(ONLY_IMPORT) == []


def test_other_settings_are_no_verdict_by_themselves() -> None:
    """Only reading tells whether anything that was sent would be otherwise; here nothing is."""
    house = delivered("a.log", "b.log")
    house.set_site(site(matomo=SERVER, filters=STATIC))
    assert house.verdict(STEP)[0] is Verdict.MANIFEST_CHANGED
    assert set(delivering(house).carried) == {"a.log", "b.log"}
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1, "b.log": 1}
    assert house.apply(ONLY_IMPORT) == []


@pytest.mark.parametrize("how", ["same", "touched"])
def test_other_settings_by_which_other_hits_count_fail_the_step_until_accepted(how: str) -> None:
    """What would count otherwise was counted already; only what is another now is sent again."""
    house = delivered("a.log", "b.log")
    house.set_site(site(matomo=SERVER, filters=STATIC))
    if how == "touched":
        house.put(obj("a.log", modified=2), {DAY: 11})
    else:
        house.hits["a.log", obj("a.log").version] = {DAY: 11}
    assert house.apply(ONLY_IMPORT) == []
    assert house.steps[STEP].error == "it holds other lines now: a.log"
    house.accepted = frozenset({STEP})
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 2, "b.log": 1}


def test_other_settings_are_refused_for_what_has_moved_too() -> None:
    """It leaves the warehouse before it is read again, so that there is nothing to compare it with."""
    house = delivered()
    house.set_site(site(matomo=SERVER, filters=STATIC))
    house.take("a.log")
    house.put(obj("a.log.gz", 20))
    verdict, reasons = house.verdict(STEP)
    assert verdict is TWICE
    assert len(reasons) == 2
    is_accepted(house, "a.log")


def test_a_part_that_is_lost_is_made_again_and_not_sent() -> None:
    """The warehouse is one thing, Matomo another."""
    house = delivered()
    house.parts.clear()
    assert house.verdict(STEP) == (Verdict.OUTPUT_MISSING, ("part missing: a.log",))
    assert work_of(house).to_deliver == 0
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1}


def test_a_delivered_object_that_vanished_is_refused_where_its_hits_would_go() -> None:
    """`vanished: drop` takes them out of the warehouse; Matomo keeps them."""
    house = delivered("a.log", "b.log", vanished="drop")
    house.take("a.log")
    is_refused(house, "delivered, and gone from the source: a.log")
    is_accepted(house, "a.log")
    assert sent(house) == {"a.log": 1, "b.log": 1}


def test_a_delivered_object_that_vanished_is_kept_by_default() -> None:
    """Nothing differs."""
    house = delivered("a.log", "b.log")
    house.take("a.log")
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE
    house.put(obj("c.log"))
    assert work_of(house).to_deliver == 1


def test_hits_that_are_lost_for_good_are_not_refused_when_all_of_them_were_sent() -> None:
    """Neither part nor object is there, and Matomo has them: they leave the warehouse alone, once that is accepted."""
    house = delivered("a.log", "b.log")
    house.take("a.log")
    house.parts = {part.file for part in house.objects[STEP]["b.log"].parts}
    assert house.verdict(STEP)[0] is Verdict.WOULD_LOSE
    house.accepted_sites = frozenset({"docs"})
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1, "b.log": 1}


def test_what_the_state_forgot_is_loaded_and_not_sent_again() -> None:
    """The same version with the same settings."""
    house = delivered()
    house.forget(STEP)
    assert house.verdict(STEP) == (Verdict.NEW, ("1 object",))
    assert work_of(house).to_deliver == 0
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1}


def test_what_the_state_forgot_is_refused_in_another_version_or_with_other_settings() -> None:
    """Nothing is loaded to compare it with."""
    house = delivered()
    house.forget(STEP)
    house.put(obj("a.log", modified=2))
    is_refused(house, "delivered in another version: a.log")
    house.put(obj("a.log"))
    house.set_site(site(matomo=SERVER, filters=STATIC))
    is_refused(house, "delivered in another version: a.log")
    is_accepted(house, "a.log")
    assert sent(house) == {"a.log": 2}


def test_what_the_state_forgot_and_was_compressed_since_is_not_sent_again() -> None:
    """As it would not have been had the state not forgotten it."""
    house = delivered("a.log", "b.log")
    house.forget(STEP)
    house.take("a.log")
    house.put(obj("a.log.gz", 20))
    house.put(obj("c.log"))
    assert {key: item.key for key, item in delivering(house).carried.items()} == {
        "a.log.gz": "a.log", "b.log": "b.log",
    }  # fmt: skip
    assert house.apply(ONLY_IMPORT) == [STEP]
    assert sent(house) == {"a.log": 1, "b.log": 1, "c.log": 1}
    assert house.apply(ONLY_IMPORT) == []


def test_a_compressed_log_beside_the_one_that_was_delivered_is_another_object() -> None:
    """Both lie in the source: both count in the warehouse, so both go to Matomo."""
    house = delivered()
    house.put(obj("a.log.gz", 20))
    assert delivering(house).carried == {}
    house.apply(ONLY_IMPORT)
    assert sent(house) == {"a.log": 1, "a.log.gz": 1}
    assert house.apply(ONLY_IMPORT) == []


def test_acceptance_of_one_step_lets_no_other_count_twice() -> None:
    """It is by name."""
    house = House(project(site(matomo=SERVER)))
    for day in (DAY, NEXT):
        house.put(obj(f"{day}.log"), day=day)
    house.apply(ONLY_IMPORT)
    for day in (DAY, NEXT):
        house.put(obj(f"{day}.log", 120), day=day)
    house.accepted = frozenset({STEP})
    assert house.verdict(STEP)[0] is Verdict.INPUTS_CHANGED
    assert house.verdict(import_step(NEXT))[0] is TWICE


def test_acceptance_where_nothing_differs_takes_nothing_back() -> None:
    """There is nothing to count twice."""
    house = delivered()
    house.put(obj("b.log"))
    house.accepted = frozenset({STEP})
    assert delivering(house).resend == ()
    house.apply(ONLY_IMPORT)
    assert sent(house) == {"a.log": 1, "b.log": 1}


def test_a_refused_step_stays_as_it_was_recorded() -> None:
    """Its hits and statistics are those of before."""
    house = delivered()
    record = house.steps[STEP]
    house.put(obj("a.log", 120))
    house.apply(ONLY_IMPORT)
    assert house.steps[STEP] == record
    assert record.status is Status.DONE


# Laws


KINDS = ("lay", "touch", "grow", "compress", "vanish", "lose", "forget", "filters", "stop", "run", "run")
events = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 99)), max_size=14)
law = settings(deadline=None, derandomize=True, max_examples=60)


@law
@given(events, st.sampled_from(["keep", "drop"]))
def test_without_an_operators_word_no_object_is_ever_sent_twice(happened: list[tuple[str, int]], vanished: str) -> None:
    """Whatever happens to logs, warehouse, state and settings, in whatever order, and wherever runs are stopped."""
    house = House(project(site(matomo=SERVER, vanished=vanished)), days=(DAY,))
    for kind, pick in happened:
        _happen(house, kind, pick, vanished)
        counted = Counter(key.removesuffix(".gz") for _, key in house.book.sent.elements())
        assert max(counted.values(), default=0) <= 1, counted


@law
@given(events, st.sampled_from(["keep", "drop"]))
def test_with_the_operators_word_every_step_can_be_brought_to_its_end(
    happened: list[tuple[str, int]], vanished: str
) -> None:
    """And then each loaded object is covered by one delivery, none of which is open."""
    house = House(project(site(matomo=SERVER, vanished=vanished)), days=(DAY,))
    for kind, pick in happened:
        _happen(house, kind, pick, vanished)
    house.fuel, house.accepted = None, frozenset({STEP})
    house.apply(ONLY_IMPORT)
    house.accepted = frozenset()
    house.apply(ONLY_IMPORT)  # what else was in a delivery that was given up
    assert house.apply(ONLY_IMPORT) == []
    assert house.verdict(STEP)[0] is Verdict.UP_TO_DATE
    covered = [item for one in house.book.deliveries.get(STEP, ()) for item in one.objects]
    for item in house.objects[STEP].values():
        assert sum(one.covers(item) for one in covered) == 1
    assert not any(one.status is DeliveryStatus.OPEN for one in house.book.deliveries.get(STEP, ()))


def _happen(house: House, kind: str, pick: int, vanished: str) -> None:
    there = sorted(house.source.get(STEP, {}).values())
    match kind:
        case "lay":
            if all(item.key.removesuffix(".gz") != f"{pick % 3}.log" for item in there):
                house.put(obj(f"{pick % 3}.log"))
        case "forget":
            house.forget(STEP)
        case "lose":
            dice = random.Random(pick)
            house.parts = {part for part in sorted(house.parts) if dice.random() < 0.5}
        case "filters":
            house.set_site(site(matomo=SERVER, vanished=vanished, filters=STATIC if pick % 2 else Filters()))
        case "stop" | "run":
            house.fuel = pick % 8 if kind == "stop" else None
            with contextlib.suppress(InterruptedRunError):
                house.apply(ONLY_IMPORT)
            house.fuel = None
        case _ if there:
            _change(house, kind, pick, there[pick % len(there)].key)


def _change(house: House, kind: str, pick: int, key: str) -> None:
    old = house.source[STEP][key]
    hits = house.hits[key, old.version]
    match kind:
        case "touch":
            house.put(dataclasses.replace(old, modified=pick), {DAY: 10 + pick % 2} if pick > 80 else hits)
        case "grow":
            house.put(dataclasses.replace(old, size=old.size + 1), {DAY: hits[DAY] + 1})
        case "vanish":
            house.take(key)
        case "compress" if not key.endswith(".gz"):
            house.take(key)
            house.put(dataclasses.replace(old, key=f"{key}.gz", size=20), hits)
        case _:
            pass


def test_the_house_cuts_as_a_step_does() -> None:
    """What these tests stand on: a delivery has all of its objects' hits, and its batches until it ends."""
    (one,) = half_sent("a.log", "b.log").book.deliveries[STEP]
    assert isinstance(one, Delivery)
    assert [item.key for item in one.objects] == ["a.log", "b.log"]
    assert [type(batch) for batch in one.batches] == [Batch]
    assert one.hits == sum(batch.hits for batch in one.batches) == 20
