"""The embedded store: a folder of Parquet parts, and the statistics made from them. DuckDB only here and in formats."""
