"""How a line reads: one table of log formats, their detection, and the filters, all as SQL that DuckDB runs.

Adding a format means adding a `Format` to `registry.FORMATS`. Nothing here knows of sites, days or state.
"""
