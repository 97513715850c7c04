"""The import stage: objects are fetched, bundled into text files, loaded into parts, delivered and archived.

- `import_step`: the stage, and the order of a step
- `object_loader`, `prefetch`, `reload`: a step's objects, fetched, loaded and recorded
- `object_text`, `bundles`, `segments`: objects as UTF-8 text, in bundles of a bounded size
- `file_slices`: bundles of a large plain file, which is read once where it is
- `format_choice`: which format an object has, and whether enough of it could be read
- `bundle_loader`, `line_table`, `known_agents`: a bundle into staged parts
- `slice_merger`: slices of a growing log merged into one
- `preview`: what an import would do with a file
"""
