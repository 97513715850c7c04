"""What was done: the state file and the files beside it. No planning, no network; imports only from core.

store              the facade: every transition and query of the state file
connection         the file opened or made, and its transactions
schema             the tables by version, and migrations
step_transitions, object_transitions, delivery_transitions
                   what changes, each a method and a transaction; runs are with their steps
queries, rows      what is read, and how values become columns
export             everything as JSON lines
state_errors       errors of SQLite and the system in words, with a hint
lock               one run at a time
warehouse_owner    one state file for a warehouse
run_records        a JSON file for each run
"""
