"""`dataclass` as in the standard library, made in a fraction of its time: mtc makes some hundreds of them at start.

The standard library compiles a text for each method of each class. Here only `__init__` is compiled, once for all
classes with the same kinds of fields; the other methods are shared, or close over the names of the fields. Creating a
frozen object takes less time too, as its slots are set without a look-up by name. Fields, `replace`, `asdict`, matching
and what the methods return are the same.

It knows what mtc uses: no keyword-only fields and no `InitVar`.
"""

import dataclasses
import functools
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import MISSING, Field, FrozenInstanceError
from reprlib import recursive_repr
from types import CodeType, FunctionType, MappingProxyType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, NoReturn

__all__ = ["dataclass"]

_Values = Callable[[Any], tuple[Any, ...]]
_FieldType = Field[Any]


def _make(plain: type, *, frozen: bool, slots: bool, order: bool, eq: bool) -> type:
    written = {name for name, value in vars(plain).items() if (name, value) != ("__hash__", None)}
    made: type = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(plain)  # noqa: TID251
    fields = dataclasses.fields(made)
    methods: dict[str, Any] = {"__init__": _init(made, fields, frozen=frozen), "__repr__": _repr}
    if eq:
        methods |= _comparisons(fields, ["__eq__", *_ORDERS] if order else ["__eq__"], hashed=frozen)
    if frozen:
        methods |= _FROZEN
    for name, method in methods.items():
        if name not in written:
            setattr(made, name, method)
    return made


def _init(made: type, fields: Sequence[_FieldType], *, frozen: bool) -> FunctionType:
    """`__init__` of these fields. Classes with fields of the same kinds share what is compiled, under other names."""
    names: dict[str, Any] = {"FACTORY": _FACTORY, "set_attribute": object.__setattr__}
    parameters, lines, defaults = ["self"], [], []
    for number, each in enumerate(fields):
        at = str(number)
        value = _value(each, at, names)
        if each.init:
            parameters.append(f"field_{at}")
            defaults.append(_default(each))
        if value:
            lines.append(_assignment(made, each.name, value, at, names) if frozen else f"self.field_{at} = {value}")
    if hasattr(made, "__post_init__"):
        lines.append("self.__post_init__()")
    code = _compiled(f"def __init__({', '.join(parameters)}):\n    " + ("\n    ".join(lines) or "pass"))
    renamed = {f"field_{number}": each.name for number, each in enumerate(fields)}
    code = code.replace(
        co_varnames=tuple(renamed.get(name, name) for name in code.co_varnames),
        co_names=tuple(renamed.get(name, name) for name in code.co_names),
        co_qualname=f"{made.__qualname__}.__init__",
    )
    function = FunctionType(code, names, "__init__", _trailing(made, defaults))
    function.__annotations__ = {each.name: each.type for each in fields if each.init} | {"return": None}
    return function


@functools.cache
def _compiled(text: str) -> CodeType:
    made: dict[str, Any] = {}
    exec(text, made)  # noqa: S102 - made of numbered names alone
    code: CodeType = made["__init__"].__code__
    return code


def _value(field: _FieldType, at: str, names: dict[str, Any]) -> str:
    """The expression of a field's value; empty if it has none until it is set."""
    if field.default_factory is not MISSING:
        names[f"make_{at}"] = field.default_factory
        return f"make_{at}() if field_{at} is FACTORY else field_{at}" if field.init else f"make_{at}()"
    if field.init:
        return f"field_{at}"
    if field.default is MISSING:
        return ""
    names[f"default_{at}"] = field.default
    return f"default_{at}"


def _default(field: _FieldType) -> object:
    return field.default if field.default_factory is MISSING else _FACTORY


def _trailing(made: type, defaults: Sequence[object]) -> tuple[object, ...]:
    """The defaults of the last parameters; only these may have any."""
    first = next((at for at, value in enumerate(defaults) if value is not MISSING), len(defaults))
    if any(value is MISSING for value in defaults[first:]):
        raise TypeError(f"{made.__qualname__}: a field without a default follows one with a default")
    return tuple(defaults[first:])


def _assignment(made: type, name: str, value: str, at: str, names: dict[str, Any]) -> str:
    """The line that sets a field of a frozen object: by its slot where it has one."""
    slot = next((vars(each)[name] for each in made.__mro__ if name in vars(each)), None)
    if isinstance(slot, MemberDescriptorType):
        names[f"set_{at}"] = slot.__set__
        return f"set_{at}(self, {value})"
    names[f"name_{at}"] = name
    return f"set_attribute(self, name_{at}, {value})"


def _comparisons(fields: Iterable[_FieldType], names: Iterable[str], *, hashed: bool) -> dict[str, Any]:
    compared = _values(each.name for each in fields if each.compare)
    methods: dict[str, Any] = {name: _comparison(getattr(operator, name), compared) for name in names}
    if hashed:
        of_hash = _values(each.name for each in fields if (each.compare if each.hash is None else each.hash))
        return methods | {"__hash__": lambda self: hash(of_hash(self))}
    return methods | {"__hash__": None}


def _values(names: Iterable[str]) -> _Values:
    """A function that returns the values of these fields."""
    several = tuple(names)
    if len(several) > 1:
        return operator.attrgetter(*several)
    return lambda self: tuple(getattr(self, name) for name in several)


def _comparison(compare: Callable[[Any, Any], bool], values: _Values) -> Callable[[Any, Any], Any]:
    def method(self: object, other: object) -> Any:  # noqa: ANN401 - a bool or NotImplemented
        return compare(values(self), values(other)) if other.__class__ is self.__class__ else NotImplemented

    return method


@recursive_repr()
def _repr(self: Any) -> str:  # noqa: ANN401 - of any dataclass
    shown = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({', '.join(shown)})"


def _setattr(_self: object, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _delattr(_self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _getstate(self: Any) -> list[Any]:  # noqa: ANN401 - of any dataclass
    return [getattr(self, each.name) for each in dataclasses.fields(self)]


def _setstate(self: Any, state: list[Any]) -> None:  # noqa: ANN401 - of any dataclass
    for each, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)


class _Factory:
    """The default of a field that is made for each object."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY = _Factory()
_ORDERS = ("__lt__", "__le__", "__gt__", "__ge__")
_FROZEN: Mapping[str, Any] = MappingProxyType(
    {"__setattr__": _setattr, "__delattr__": _delattr, "__getstate__": _getstate, "__setstate__": _setstate}
)


def _dataclass(
    plain: type | None = None, *, frozen: bool = False, slots: bool = False, order: bool = False, eq: bool = True
) -> Any:  # noqa: ANN401 - the class, or a decorator of it
    """Make a class a dataclass."""

    def make(plain: type) -> type:
        return _make(plain, frozen=frozen, slots=slots, order=order, eq=eq)

    return make if plain is None else make(plain)


if TYPE_CHECKING:
    from dataclasses import dataclass  # noqa: TID251 - what it is to a type checker
else:
    dataclass = _dataclass
