"""What is wanted: the manifest, read once at the edge into frozen models.

`models` are the shapes, `yaml` finds the places, `load` puts files, environments and secrets together,
`dates` turns a date form into days, `schema` makes the JSON Schema. Nothing here looks at logs or state.
"""
