"""The client of a Matomo server: tracking, look-up, sites, reports. It knows nothing of state, plans or DuckDB."""
