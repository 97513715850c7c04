"""Which hits of a batch are asked for, to know whether it was recorded.

Any hit of a batch answers for all of it. Matomo lists only the first 500 actions of a visit, in order of the visits'
last actions: the last hit of a visitor with few hits is found soonest. Several visitors are asked for, as one hit may
have been lost by itself.
"""

from collections.abc import Mapping, Sequence

from mtc.delivery import Batch
from mtc.matomo.lookup import Witness
from mtc.stages.delivering.layout import Sent

WITNESSES = 4


def witnesses(batch: Batch, hits: Sequence[Sent], visitors: Mapping[str, int]) -> tuple[Witness, ...]:
    """The witnesses of the hits in doubt. `hits` are all of the batch, `visitors` how many hits each visitor has."""
    last = {hits[place].visitor: hits[place] for place in batch.places}  # places ascend, so the latest stays
    chosen = sorted(last.values(), key=lambda hit: (visitors.get(hit.visitor, 0), hit.pv_id))[:WITNESSES]
    return tuple(Witness(hit.pv_id, hit.time) for hit in chosen)
