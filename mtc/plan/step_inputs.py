"""The inputs of a step by name, which are made when they are read. Pure.

Very many steps may be planned, each with inputs that are read once: to be recorded when the step is done.
"""

from abc import abstractmethod
from collections.abc import ItemsView, Iterator, Mapping, ValuesView

from mtc.core.model import SourceObject


class StepInputs(Mapping[str, str]):  # noqa: PLW1641 - a mapping has no hash
    """The version of each input by name. If one is looked up, as `dict` does with each, they are made once and kept."""

    __slots__ = ("_kept",)
    _kept: dict[str, str]

    @abstractmethod
    def made(self) -> dict[str, str]:
        """The inputs, as a dict of the caller's own."""

    def __getitem__(self, name: str) -> str:
        try:
            return self._kept[name]
        except AttributeError:
            self._kept = self.made()
        return self._kept[name]

    def items(self) -> ItemsView[str, str]:
        """All of them, made once."""
        return self.made().items()

    def values(self) -> ValuesView[str]:
        """The versions of all of them, made once."""
        return self.made().values()

    def __iter__(self) -> Iterator[str]:
        return iter(self.made())

    def __len__(self) -> int:
        return len(self.made())

    def __eq__(self, other: object) -> bool:
        return self.made() == (other.made() if isinstance(other, StepInputs) else other)

    def __repr__(self) -> str:
        return repr(self.made())


class ObjectInputs(StepInputs):
    """The versions of objects in the source, by key."""

    __slots__ = ("_objects",)

    def __init__(self, objects: tuple[SourceObject, ...]) -> None:
        self._objects = objects

    def made(self) -> dict[str, str]:
        """The inputs, as a dict of the caller's own."""
        return {item.key: item.version for item in self._objects}
