"""The command line: Typer, and nothing else uses Typer. A command reads its options, calls one thing below, and prints.

main        the app, and the one handler of errors
apply       apply, plan, and the short forms import, stat and csv
inspect     why, status, and the state commands
check       doctor, verify, explain
manifests   validate, schema, init, convert

options     options and arguments that several commands take
preflight   the manifest, the project, the selection, and the texts of options
streams     stdout, stderr, notes, the reporter of a run
"""
