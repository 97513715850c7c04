"""The client of a Matomo server. It knows nothing of state, plans or DuckDB.

settings          the manifest's settings of a server
server_address    a server's normalised address, its name in the state file, and the proxy on the way
client            MatomoClient: kept-alive connections to a server, with a limiter; the tree of errors
limiter           how many requests may be in flight at once
http_reply        HTTP replies: errors with cause and remedy, when to retry
tracking          sends a batch of hits, and reads whether it is recorded
lookup            which hits are stored, by the log of visits
api               requests to the reporting API
reports           statistics of days
sites             the server's version and clock, its sites, the token's rights
"""
