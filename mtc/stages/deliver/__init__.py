"""Delivers a step's hits to Matomo: each of them once, whatever is killed and whatever the server does.

tracker         the server that a project delivers to, and its sites there
delivery_job    a step's deliveries: the open ones are finished, then a new one is cut and sent
batching        a delivery's hits in lanes and batches
requests        a hit as a request of Matomo's tracker, in SQL
recorder        runs the lanes, and records their facts in the step's own thread
batch_sender    the life of one batch
bisection       a batch that fails as a whole, sent in pieces
first_batches   the first batch of a site's day is recorded before others are sent
probes          which hits of a batch are in Matomo
"""
