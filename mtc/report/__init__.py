"""Everything that is shown to people and programs: progress, plans, statuses, histories, findings and errors.

Nothing here decides anything or reads the state file: it gets plans, histories, findings and events, and makes text or
JSON of them.

text           values as text: counts, sizes, durations, ranges of days, tables, JSON documents
terminal       what a stream can show, and writing to it
event_text     the events of a run as lines, and the recap
reporters      who gets the events of a run, and which of them get a line
progress       the progress of a run
progress_bar   the same as a bar on a terminal
plan_text      a plan
status_grid    the state of every step of each site and day
problems       the steps that need a person, and how to fix them
status         the grid as a calendar, with its problems
history        all that is known of one step
step_text      that history, and the steps in the state file
explain_text   what an import would make of log files
check_text     findings of `mtc doctor`, days compared by `mtc verify`
error_report   errors with their tips, problems of manifests with their lines, and crash logs
"""
