"""Where logs lie and where they are archived: URL templates, folders, S3.

- `settings`: what a manifest says of an archive and of credentials
- `url_template`, `url_pattern`, `url_rules`, `url_overlap`: the one language of URLs
- `list_ranges`, `list_levels`, `near_misses`: what to list, and what a listing has that nearly fits
- `source`: the seams, `LogSource` and `LogArchive`
- `folder`, `s3_source`, `s3_archive`: what stands behind the seams
- `s3_client`, `s3_objects`, `s3_upload`: S3, its answers and its errors
"""
