"""Which hits of a batch are asked for, to know whether it was recorded.

Any hit of a batch answers for all of it. Matomo lists only the first 500 actions of a visit, in order of the visits'
last actions: the last hit of a visitor with few hits is found soonest. Several are asked for, of several visitors where
there are so many, as one hit may have been lost by itself.
"""

import itertools
from collections.abc import Mapping, Sequence

from mtc.delivery import Batch
from mtc.matomo.lookup import Witness
from mtc.stages.delivering.layout import Sent

WITNESSES = 4


def witnesses(batch: Batch, hits: Sequence[Sent], visitors: Mapping[str, int]) -> tuple[Witness, ...]:
    """The witnesses of the hits in doubt. `hits` are all of the batch, `visitors` how many hits each visitor has."""
    last = {hits[place].visitor: place for place in batch.places}  # places ascend, so the latest stays
    others = (place for place in batch.places if last[hits[place].visitor] != place)

    def ease(place: int) -> tuple[int, str]:
        return visitors.get(hits[place].visitor, 0), hits[place].pv_id

    chosen = [*sorted(last.values(), key=ease)[:WITNESSES], *itertools.islice(others, WITNESSES)][:WITNESSES]
    return tuple(Witness(hits[place].pv_id, hits[place].time) for place in chosen)
