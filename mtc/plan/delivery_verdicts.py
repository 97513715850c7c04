"""What an import step still has to deliver to Matomo, and when that would count hits twice. Pure.

Matomo cannot remove hits: those that were sent stay there whatever happens to their object. A step whose objects are no
longer what was delivered is refused, unless an operator accepts that hits count twice, or the object proves to have the
same lines as what was sent, which can be told only after reading it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mtc.core.deliveries import DeliveredObject, Delivery, DeliveryStatus, undelivered
from mtc.core.model import LoadedObject, SourceObject, StepId, label_of_key
from mtc.manifest.project import SiteSettings
from mtc.plan.object_changes import ObjectChanges, without_compression
from mtc.plan.verdicts import changed_object
from mtc.plan.work import DeliverWork


@dataclass(frozen=True, slots=True)
class StepDeliveries:
    """The deliveries of one import step. `recorded` are all of them, to any server.

    `copies` are the keys of objects whose lines another object of the site has, and `sent` the digests of the lines of
    all delivered objects, of any day: those are not sent again.
    """

    site: SiteSettings
    step: StepId
    recorded: Sequence[Delivery]
    made_with: str
    accepted: bool
    copies: Collection[str] = ()
    sent: frozenset[str] = frozenset()

    @property
    def enabled(self) -> bool:
        """Whether the site's hits are delivered at all."""
        return self.site.matomo is not None

    @property
    def _to_site(self) -> list[Delivery]:
        """The deliveries to the server and site of today's manifest."""
        matomo = self.site.matomo
        return [
            delivery
            for delivery in self.recorded
            if matomo and delivery.server == matomo.server and self._is_site(delivery)
        ]

    def _is_site(self, delivery: Delivery) -> bool:
        return self.site.matomo_id is None or delivery.site_id == self.site.matomo_id

    @property
    def opened(self) -> tuple[Delivery, ...]:
        """The unfinished deliveries."""
        return tuple(delivery for delivery in self._to_site if delivery.status is DeliveryStatus.OPEN)

    @property
    def covered(self) -> tuple[DeliveredObject, ...]:
        """The objects whose hits were delivered, or belong to an open delivery."""
        return tuple(item for delivery in self._to_site for item in delivery.objects)

    def double_counts(self, found: ObjectChanges, *, drops: bool) -> tuple[str, ...]:
        """Why the step would count hits twice, a reason for each object; empty if an operator accepts that."""
        if self.accepted or not self.enabled:
            return ()
        reasons: dict[str, str] = {}
        for key, what in self._differences(found, drops):
            reasons.setdefault(key, what)  # the first reason for a key is the most specific
        return tuple(reasons.values())

    def _differences(self, found: ObjectChanges, drops: bool) -> Iterator[tuple[str, str]]:  # noqa: FBT001 - private
        """The keys of delivered objects that are no longer what was delivered, with the reason."""
        delivered = {item.key: item for item in self.covered}
        for old, new in found.changed:
            if (item := delivered.get(old.object.key)) and old.object.size != new.size:
                yield item.key, f"delivered, and changed since: {changed_object(old, new)}"
        for key, new in _same_lines(found):
            if (item := delivered.get(key)) and self._has_other_settings(item):
                yield item.key, f"delivered with other settings: {new.label}"
        for new, item in self._forgotten(found):
            if self._has_other_settings(item) or (item.key == new.key and item.version != new.version):
                yield item.key, f"delivered in another version: {new.label}"
        yield from self._vanished(found, drops)

    def _vanished(self, found: ObjectChanges, drops: bool) -> Iterator[tuple[str, str]]:  # noqa: FBT001 - private
        delivered = {item.key for item in self.covered}
        for old in found.vanished if drops else ():
            if old.object.key in delivered:
                yield old.object.key, f"delivered, and gone from the source: {old.object.label}"
        for delivery in self.opened:
            for item in self._unrecoverable(delivery, found):
                yield item.key, f"delivered in part, and its hits are lost: {label_of_key(item.key)}"

    def _forgotten(self, found: ObjectChanges) -> Iterator[tuple[SourceObject, DeliveredObject]]:
        """Objects that are new to the state but were delivered: the step was forgotten in the state, not in Matomo.

        A log that was compressed since is recognised, unless a log of the delivered name is in the source or loaded.
        """
        delivered = {item.key: item for item in self.covered}
        present = {old.object.key for old in _loaded(found)} | {new.key for new in found.to_load}
        names = {without_compression(key): item for key, item in delivered.items() if key not in present}
        for new in found.late:
            item = delivered.get(new.key) or names.get(without_compression(new.key))
            if item is not None:
                yield new, item

    def _unrecoverable(self, opened: Delivery, found: ObjectChanges) -> list[DeliveredObject]:
        """Objects of an open delivery that are no longer available in the version that its batches were cut from.

        Which of their hits were sent can no longer be found out: hits are looked up by the ids that they had then.
        """
        available = [old for old in _loaded(found) if old not in found.unrecoverable]
        late = {(new.key, new.version) for new in found.late}
        return [
            item
            for item in opened.objects
            if (item.key, item.version) not in late and not any(map(item.covers, available))
        ]

    def _resend(self, found: ObjectChanges, drops: bool) -> tuple[str, ...]:  # noqa: FBT001 - private
        """The keys to send again once accepted, including all keys of open deliveries that cannot be continued."""
        keys = [key for key, _ in self._differences(found, drops)]
        void = (item.key for opened in self.opened if self._unrecoverable(opened, found) for item in opened.objects)
        return tuple(dict.fromkeys((*keys, *void)))

    def _has_other_settings(self, item: DeliveredObject) -> bool:
        return item.made_with != self.made_with

    def missing(self, loaded: Iterable[LoadedObject]) -> tuple[LoadedObject, ...]:
        """Loaded objects whose hits are in no delivery and are to be sent."""
        if not self.enabled:
            return ()
        new = undelivered(loaded, self.covered)
        return tuple(item for item in new if item.object.key not in self.copies and item.text not in self.sent)

    def work(self, found: ObjectChanges, refused: tuple[str, ...], *, drops: bool) -> DeliverWork | None:
        """What the step has to deliver; None if the site's hits are not delivered."""
        if not self.enabled:
            return None
        resend = self._resend(found, drops) if self.accepted else ()
        return DeliverWork(
            number=max((delivery.number for delivery in self.recorded), default=0) + 1,
            opened=self.opened,
            covered=tuple(item for item in self.covered if item.key not in resend),
            carried={new.key: item for new, item in self._carried(found) if item.key not in resend},
            accepted=self.accepted,
            resend=resend,
            refused=refused,
            sent=self.sent,
        )

    def _carried(self, found: ObjectChanges) -> Iterator[tuple[SourceObject, DeliveredObject]]:
        """Objects to be loaded again that may have the same lines as the delivered ones."""
        delivered: Mapping[str, DeliveredObject] = {item.key: item for item in self.covered}
        for old, new in (*found.changed, *found.moved, *found.other_settings, *found.missing_parts, *found.older):
            if item := delivered.get(old.object.key):
                yield new, item
        yield from self._forgotten(found)


def _loaded(found: ObjectChanges) -> Iterator[LoadedObject]:
    """Every object that is loaded, however it differs from the source's."""
    yield from (*found.same, *found.vanished)
    yield from (
        old for old, _ in (*found.changed, *found.moved, *found.other_settings, *found.missing_parts, *found.older)
    )


def _same_lines(found: ObjectChanges) -> Iterator[tuple[str, SourceObject]]:
    """Objects to be loaded again whose lines seem unchanged, with the keys that they were loaded under."""
    for old, new in (*found.moved, *found.missing_parts, *found.older):
        yield old.object.key, new
