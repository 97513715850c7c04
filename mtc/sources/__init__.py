"""Where logs are and where they are archived: URL templates, folders, S3.

- `settings`: what a manifest says of an archive and of credentials
- `url_template`, `url_pattern`, `url_rules`, `url_overlap`: the one language of URLs
- `listing`, `near_misses`: what to list, and keys of a listing that nearly fit
- `source`: the seams, `LogSource` and `LogArchive`
- `folder`, `s3_source`, `s3_archive`: the implementations
- `growing_source`: logs that grow and are rotated, slice by slice; `log_text`, `log_identity` and `log_slices` are its
  parts: texts read at any place, which log a file contains, what is new in it; `merged_slices`:
  consecutive slices of a log as one
- `s3_client`, `s3_upload`: S3, its answers and its errors; `etags`: digests as S3 has them
"""
