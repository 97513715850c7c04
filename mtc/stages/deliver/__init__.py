"""Delivers a step's hits to Matomo: each of them once, even when a process is killed or the server fails.

tracker         the server that a project delivers to, and its sites
delivery_job    a step's deliveries: open ones are finished, then a new one is cut and sent
batching        a delivery's hits in lanes and batches
requests        a hit as a request of Matomo's tracker, in SQL
lanes           runs the lanes in threads; the first batch of a site's day is recorded before others are sent
batch_sender    the life of one batch
bisection       sends a batch that fails as a whole in pieces
probes          which hits of a batch are in Matomo
"""
