"""The warehouse: a folder of Parquet parts, and the statistics made from them.

- `parts`: the files of hits and their columns
- `visits`, `referrers`, `countries`: hits into visits, and where these come from
- `day_tables`, `statistics`: visits into documents, many days at once
- `stat_tables`, `stat_document`, `stat_files`: what a `.stat` file holds, as text, and where it is
- `csv_files`: `.stat` documents as rows of CSV
"""
