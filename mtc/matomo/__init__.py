"""The client of a Matomo server. It knows nothing of state, plans or DuckDB.

settings          what a manifest says of a server
server_address    one normalisation of a server's address, and its name in the state file
client            MatomoClient: the server, kept-alive connections, the limiter; the tree of errors
limiter           how many requests may be under way at once
http_proxy        the proxy in between, by the usual variables
http_reply        what an HTTP reply says by itself
http_errors       replies that are errors, with cause and remedy
tracking          sends a batch of hits
tracking_result   what became of a batch, by the tracker's answer
lookup            which hits are stored
visits_log        the visits that the look-up reads
api               calls of the reporting API
reports           statistics of days
sites             what the server says of itself, its sites and the token
"""
