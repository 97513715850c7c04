"""What was done: the state file and what lies beside it. No planning, no network; nothing but core is used.

store              the facade: every transition and query of the state file
open, schema       how the file is opened or made, and its tables by version
connection         an open file and its transactions
step_transitions, object_transitions, delivery_transitions, run_transitions
                   what changes, each a method and a transaction
queries, rows      what is read, and how values become columns
export             everything as JSON lines
state_errors       SQLite's and the system's errors in words, with a remedy
lock               one run at a time
warehouse_owner    one state file for a warehouse
run_records        a JSON file for each run
"""
