"""What a user asks for: the manifest, parsed once at the edge into frozen models. Nothing here looks at logs or state.

Reading, from the file up:

yaml            YAML text into a tree of nodes
nodes           the tree: maps, lists and values that know their places, and which of them are secrets
inheritance     `extends`, environments, and what sites inherit from the manifest
deprecations    old names of keys, which are still read
references      `${NAME}` and `${file:PATH}`, and lists in files
models          the shapes of a manifest
dates           forms of dates, and the days that they stand for
validation      one tree into the models, with every problem
rules           rules between settings
project         the result: every default and override resolved, each setting with its line
load            files: one into a project, many checked as `mtc validate` does

Messages:

model_errors    pydantic's errors, at their places
value_messages  what is wrong with one value, and what to write instead
model_keys      which keys are allowed where

Commands:

json_schema     the JSON Schema
first_manifest  what `mtc init` and `mtc convert` write
"""
