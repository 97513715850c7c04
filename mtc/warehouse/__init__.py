"""The warehouse: a folder of Parquet parts, and the statistics made from them.

- `parts`: the files of hits and their columns
- `rejected_lines`: the files of rejected lines when slices are merged
- `visits`, `referrers`, `countries`: hits grouped into visits, and where visitors come from
- `day_tables`, `statistics`: visits counted into documents, many days at once
- `stat_tables`, `stat_document`: what a `.stat` file holds, as models and as text
- `csv_files`: `.stat` documents as rows of CSV
"""
