"""The import stage: objects are fetched, bundled, loaded into parts, delivered and archived.

- `import_step`: the stage, and the order of a step
- `object_loader`, `prefetch`, `reload`: a step's objects, fetched, loaded and recorded
- `step_group`, `shared_bundle`: small steps that are read together
- `object_text`, `bundles`, `line_sinks`, `segments`: objects as UTF-8 lines, in bundles of a bounded size
- `format_choice`: which format an object has, and whether enough of it could be read
- `bundle_loader`, `line_table`, `known_agents`, `hit_parts`, `rejected_files`: a bundle into staged files
- `slice_merger`: slices of a growing log merged into one
- `preview`: what an import would do with a file
"""
