"""In which order hits of the same time come: in that of their objects, and within an object in that of their lines.

Objects are in the order of their ids, except slices of one log: these are in the order of their places in it, so that
a log gives the same visits however it was sliced. No I/O.
"""

from collections.abc import Collection, Iterable, Mapping

from mtc.core.model import LoadedObject

Place = tuple[str, int]
"""What is compared instead of an object's id: the id or the log's, and where a slice begins."""


_NO_PLACES: Mapping[str, Place] = {}


def slice_places(objects: Iterable[LoadedObject]) -> Mapping[str, Place]:
    """The places of those objects that are slices, by object id.

    A log that was first loaded as a whole object, and went on in slices that are named for it, is at that object's id.
    """
    items = list(objects)
    slices = {item.object_id: (item.object.key, part) for item in items if (part := item.object.slice) is not None}
    if not slices:
        return _NO_PLACES
    whole = {item.object.key: item.object_id for item in items if item.object.slice is None}
    logs = {part.log: part.log for _, part in slices.values()}
    for key, part in slices.values():
        logs[part.log] = whole.get(key.removesuffix(f"@{part.log}+{part.start}"), logs[part.log])
    return {object_id: (logs[part.log], part.start) for object_id, (_, part) in slices.items()}


def in_order(object_ids: Collection[str], places: Mapping[str, Place]) -> list[str]:
    """The distinct ids in the order in which hits of the same time come."""
    return sorted(set(object_ids), key=lambda each: (*places.get(each, (each, -1)), each))
