"""`mtc.core.fast_dataclass` makes the same classes as the standard library does."""

import copy
import dataclasses
import inspect
from collections.abc import Callable
from dataclasses import field
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import pytest

from mtc.core import fast_dataclass

Decorate = Callable[..., Any]


def classes(dataclass: Decorate) -> SimpleNamespace:
    """One class of each kind that mtc has."""

    @dataclass(frozen=True, slots=True, order=True)
    class Point:
        """Frozen, with slots and an order."""

        x: int
        y: int = 2
        note: str = field(default="", compare=False)

    @dataclass(frozen=True, slots=True)
    class Secret:
        """Frozen, with a hidden field, a factory, and a field that is no parameter."""

        name: str
        values: list[int] = field(default_factory=list, repr=False)
        made: int = field(default=7, init=False)

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError("no name")

    @dataclass(frozen=True)
    class Cached:
        """Frozen, without slots."""

        a: int

        @cached_property
        def twice(self) -> int:
            return 2 * self.a

    @dataclass(slots=True)
    class Counter:
        """Mutable; one field is set later."""

        later: int = field(init=False)
        counts: dict[str, int] = field(default_factory=dict)
        other: Any = None

    @dataclass(frozen=True, slots=True)
    class Base:
        """A base class with a method of its own."""

        a: int

        def double(self) -> int:
            return self.a * 2

        def __repr__(self) -> str:
            return "a base"

        def __hash__(self) -> int:
            return 5

    @dataclass(frozen=True, slots=True)
    class Derived(Base):
        """A class of a dataclass, that calls its base."""

        b: str = "b"

        def double(self) -> int:
            return Base.double(self) + 1

    @dataclass(slots=True, eq=False)
    class Identity:
        """Equal to itself alone."""

        a: int

    @dataclass(frozen=True, slots=True)
    class Empty:
        """No fields."""

    @dataclass
    class Plain:
        """No options."""

        a: int

    kinds = (Point, Secret, Cached, Counter, Base, Derived, Identity, Empty, Plain)
    return SimpleNamespace(**{each.__name__: each for each in kinds})


STANDARD, FAST = classes(dataclasses.dataclass), classes(fast_dataclass.dataclass)
Made = Callable[[SimpleNamespace], Any]

CREATED: dict[str, Made] = {
    "defaults": lambda kinds: kinds.Point(1),
    "positions": lambda kinds: kinds.Point(1, 3, "n"),
    "names": lambda kinds: kinds.Point(note="n", x=1),
    "a factory": lambda kinds: kinds.Secret("s"),
    "a given list": lambda kinds: kinds.Secret("s", [1]),
    "without slots": lambda kinds: kinds.Cached(3),
    "mutable": lambda kinds: kinds.Counter({"a": 1}),
    "derived": lambda kinds: kinds.Derived(4, "c"),
    "empty": lambda kinds: kinds.Empty(),
    "plain": lambda kinds: kinds.Plain(1),
}


SEEN: dict[str, Callable[[Any], Any]] = {
    "repr": repr,
    "hash": hash,
    "fields": lambda made: [(each.name, each.type, each.init, each.compare) for each in dataclasses.fields(made)],
    "asdict": dataclasses.asdict,
    "replace": lambda made: repr(dataclasses.replace(made, a=9)),
    "replace what is no parameter": lambda made: dataclasses.replace(made, made=9),
    "copy": lambda made: (copy.copy(made) == made, copy.copy(made) is made, repr(copy.deepcopy(made))),
    "equality": lambda made: (made == made, made == copy.deepcopy(made), made != 1, made == 1),  # noqa: PLR0124
    "order": lambda made: (made < made, made <= made, made > made, made >= made),  # noqa: PLR0124
    "set a field": lambda made: setattr(made, dataclasses.fields(made)[0].name, 5),
    "delete a field": lambda made: delattr(made, dataclasses.fields(made)[0].name),
    "match": lambda made: type(made).__match_args__,
    "signature": lambda made: str(inspect.signature(type(made))),
    "annotations": lambda made: inspect.get_annotations(type(made).__init__),
    "doc": lambda made: type(made).__doc__,
    "slots": lambda made: (hasattr(made, "__dict__"), getattr(type(made), "__slots__", None)),
    "method": lambda made: made.double(),
    "cached": lambda made: (made.twice, made.twice),
}


def outcome(work: Callable[[], Any]) -> object:
    """What a call returns, or the class of its error; the text too where an operator may read it."""
    try:
        return work()
    except dataclasses.FrozenInstanceError as error:
        return type(error), str(error)
    except (TypeError, AttributeError, ValueError, IndexError) as error:
        return type(error)


@pytest.mark.parametrize("seen", SEEN)
@pytest.mark.parametrize("created", CREATED)
def test_an_object_is_like_one_of_the_standard_library(created: str, seen: str) -> None:
    """What can be asked of an object has the same answer or error."""
    standard, fast = (CREATED[created](kinds) for kinds in (STANDARD, FAST))
    assert outcome(lambda: SEEN[seen](fast)) == outcome(lambda: SEEN[seen](standard))


@pytest.mark.parametrize(
    "make",
    [
        lambda kinds: kinds.Point(),
        lambda kinds: kinds.Point(1, 2, "n", 4),
        lambda kinds: kinds.Secret(""),
        lambda kinds: kinds.Secret("s", made=1),
        lambda kinds: repr(kinds.Counter()),
    ],
)
def test_what_a_class_refuses_is_refused(make: Made) -> None:
    """Missing, surplus and wrong values, and a field that was never set."""
    assert outcome(lambda: make(FAST)) == outcome(lambda: make(STANDARD)) != make


def test_objects_compare_by_their_compared_fields() -> None:
    """Within their class alone, and in the order of their fields."""
    kinds = FAST
    assert kinds.Point(1, 2, "a") == kinds.Point(1, 2, "b")
    assert hash(kinds.Point(1, 2, "a")) == hash(kinds.Point(1, 2, "b")) == hash((1, 2))
    assert kinds.Base(1) != kinds.Derived(1)
    assert kinds.Identity(1) != kinds.Identity(1)
    assert sorted([kinds.Point(2, 1), kinds.Point(1, 3), kinds.Point(1, 2)]) == [
        kinds.Point(1, 2),
        kinds.Point(1, 3),
        kinds.Point(2, 1),
    ]


def test_a_frozen_object_takes_no_further_attributes() -> None:
    """With slots or without; the standard library has another error for slots, by mistake."""
    for made in (FAST.Point(1), FAST.Cached(1), FAST.Empty()):
        with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'unknown'"):
            made.unknown = 5


def test_objects_of_a_factory_share_nothing() -> None:
    """Each has a list of its own."""
    one, other = FAST.Secret("s"), FAST.Secret("s")
    one.values.append(1)
    assert other.values == []


def test_an_object_that_contains_itself_has_a_text() -> None:
    """The inner one is shown as dots."""
    counter = FAST.Counter()
    counter.later, counter.other = 1, counter
    assert repr(counter).endswith("other=...)")
