"""Delivering a step's hits to Matomo: each of them once, whatever is killed and whatever the server does.

requests  a hit → a finished request string, in SQL
addresses visitors' addresses as Matomo takes them
layout    the hits of a delivery in lanes and batches: the same parts and cut always give the same
target    the server, its site, and what is asked of it before the first hit is sent
witness   which hits of a batch are looked for when nobody knows whether it was recorded
presence  which of them are there, hit by hit
firsts    the first batch of a site's day goes alone
batch     the life of one batch: planned, sending, recorded, or in doubt and looked up
lane      a lane's batches, one after the other
office    what lanes have to say, told to the coordinator by one thread
turns     the days of a site in order
deliverer a step's deliveries: the open ones gone on with, then a new one cut and sent
"""

from mtc.stages.delivering.deliverer import Delivered, Deliverer

__all__ = ["Delivered", "Deliverer"]
