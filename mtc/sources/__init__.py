"""Where logs lie and where they are archived: URL templates, folders, S3."""
