"""The command line: Typer, and nothing else. A command reads its options, calls one thing below, prints, and ends.

main      the app and the one handler of errors
options   what several commands take
steps     the names of steps
context   manifest, streams and looks for a command
work      apply, plan, import, stat, csv
tell      why, status
manifests validate, schema, init, convert
ledger    state list, show, forget, export
"""
