"""Checks before a first run.

doctor          all checks, in the order in which a run needs them
storage         this machine, sources, archives
newest_logs     the first lines of each site's newest log
matomo_checks   the server, and each site on it
"""
