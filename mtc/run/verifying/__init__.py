"""The chain from a log's lines to a row of CSV, link by link. Everything here only reads.

values     what a day's numbers are, and what disagrees
imports    lines and hits, as the state has them
rows       the rows of the warehouse's files
delivered  what of the hits was delivered, as the state has it
counts     what Matomo counts
origins    its tables of referrers and searches, against the warehouse's
looking    collects all of it
files      the `.stat` files, and the rows of summary.csv and accounting.csv
chain      one day's links held against one another: pure
"""
