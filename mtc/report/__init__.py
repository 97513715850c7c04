"""Everything that is shown to people and programs: progress, plans, statuses, histories, findings and errors.

Nothing here decides what is true: it gets plans, histories, findings and events, and puts them into words or JSON.
Nothing here reads the state file.

text           values into words: sizes, counts, durations, tables, JSON documents
day_ranges     dates as ranges
terminal       what a stream can show, and writing to it
event_text     the events of a run as lines, and the recap
reporters      who gets the events of a run, and what is worth a line
progress       how far a run is
progress_bar   the same as a bar on a terminal
plan_text      a plan
status_grid    the state of every step of each site and day
problems       which of these need a person, and the fix
status         the grid as a calendar, with its problems
history        all that is known of one step
why            that history in words
state_text     rows of the state file
explain_text   what an import would make of log files
doctor_text    findings of `mtc doctor`
verify_text    days compared by `mtc verify`
error_report   errors with their tips, and crash logs
"""
