"""The import stage: objects are fetched, bundled into text files, loaded into parts, delivered and archived.

- `import_step`, `step_context`: the stage, and what one step works with
- `object_loader`, `prefetch`, `reload`: a step's objects, fetched and recorded
- `parquet_text`, `text_digest`, `bundles`: objects as text files of a bounded size
- `format_choice`: which format an object is in, and whether it reads well enough
- `bundle_loader`, `line_table`, `known_agents`: a bundle into staged parts
- `preview`: what an import would make of a file
"""
