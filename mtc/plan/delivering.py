"""What an import step still has to deliver to Matomo, and when that would count hits twice.

Matomo has no way to take hits back. Hits that were sent stay there whatever becomes of the object that they came from:
a step whose objects are no longer what was delivered is refused, unless an operator lets it count twice, or the new
object turns out to hold the same lines (which only reading it can tell).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtc.delivery import DeliveredObject, Delivery, DeliveryStatus, uncovered
from mtc.manifest.project import SiteSettings
from mtc.model import LoadedObject, SourceObject, StepId
from mtc.plan.difference import Difference
from mtc.plan.model import DeliverWork
from mtc.plan.reasons import changed_object


@dataclass(frozen=True, slots=True)
class Delivering:
    """The deliveries of one import step. `history` are all of them, to whatever server."""

    site: SiteSettings
    step: StepId
    history: Sequence[Delivery]
    made_with: str
    accepted: bool

    @property
    def wanted(self) -> bool:
        """Whether the site's hits are delivered at all."""
        return self.site.matomo is not None

    @property
    def _own(self) -> list[Delivery]:
        """The deliveries to the server and site of today's manifest."""
        matomo = self.site.matomo
        return [one for one in self.history if matomo and one.server == matomo.server and self._is_site(one)]

    def _is_site(self, one: Delivery) -> bool:
        return self.site.matomo_id is None or one.site_id == self.site.matomo_id

    @property
    def opened(self) -> tuple[Delivery, ...]:
        """Deliveries that are not finished."""
        return tuple(one for one in self._own if one.status is DeliveryStatus.OPEN)

    @property
    def covered(self) -> tuple[DeliveredObject, ...]:
        """The objects whose hits Matomo has, or is being given."""
        return tuple(item for one in self._own for item in one.objects)

    def twice(self, found: Difference, *, drops: bool) -> tuple[str, ...]:
        """Why the step would count hits twice, object by object; nothing where an operator lets it."""
        return () if self.accepted or not self.wanted else tuple(what for _, what in self._differences(found, drops))

    def _differences(self, found: Difference, drops: bool) -> Iterator[tuple[str, str]]:  # noqa: FBT001 - private
        """The keys of delivered objects that are no longer what was delivered, with the reason."""
        delivered = {item.key: item for item in self.covered}
        for old, new in found.changed:
            if (item := delivered.get(old.object.key)) and (old.object.size != new.size or self._other(item)):
                yield item.key, f"delivered, and changed since: {changed_object(old, new)}"
        for key, new in _same_lines(found):
            if (item := delivered.get(key)) and self._other(item):
                yield item.key, f"delivered with other settings: {new.key}"
        for new in found.late:  # the state was told to forget the step, Matomo was not
            if (item := delivered.get(new.key)) and (item.version != new.version or self._other(item)):
                yield item.key, f"delivered in another version: {new.key}"
        yield from self._gone(delivered, found.gone if drops else ())

    def _gone(
        self, delivered: Mapping[str, DeliveredObject], gone: Iterable[LoadedObject]
    ) -> Iterator[tuple[str, str]]:
        for old in gone:
            if item := delivered.get(old.object.key):
                yield item.key, f"delivered, and gone from the source: {item.key}"

    def _other(self, item: DeliveredObject) -> bool:
        return item.made_with != self.made_with

    def missing(self, loaded: Iterable[LoadedObject]) -> tuple[LoadedObject, ...]:
        """Loaded objects whose hits belong to no delivery."""
        return uncovered(loaded, self.covered) if self.wanted else ()

    def work(self, found: Difference, refused: tuple[str, ...], *, drops: bool) -> DeliverWork | None:
        """What the step has to do; None where nothing is delivered."""
        if not self.wanted:
            return None
        taken_back = tuple(key for key, _ in self._differences(found, drops)) if self.accepted else ()
        return DeliverWork(
            number=max((one.number for one in self.history), default=0) + 1,
            opened=self.opened,
            covered=tuple(item for item in self.covered if item.key not in taken_back),
            carried={new.key: item for new, item in self._carried(found) if item.key not in taken_back},
            accepted=self.accepted,
            taken_back=taken_back,
            refused=refused,
        )

    def _carried(self, found: Difference) -> Iterator[tuple[SourceObject, DeliveredObject]]:
        """Objects to be loaded again that may hold the lines that were delivered."""
        delivered: Mapping[str, DeliveredObject] = {item.key: item for item in self.covered}
        for old, new in (*found.changed, *found.moved, *found.lost_parts):
            if item := delivered.get(old.object.key):
                yield new, item
        for new in found.late:
            if item := delivered.get(new.key):
                yield new, item


def _same_lines(found: Difference) -> Iterator[tuple[str, SourceObject]]:
    """Objects to be loaded again though nothing says that their lines are others, and the keys they had before."""
    for old, new in (*found.moved, *found.other_settings, *found.lost_parts):
        yield old.object.key, new
