"""The import stage: objects are fetched, bundled into text files, loaded into parts, delivered and archived."""
