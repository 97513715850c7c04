"""Runs: what is asked for, planned, done by an executor, and recorded.

apply_request   what `plan` and `apply` are asked for
selection       which sites, stages and days that selects
observe         what is there: sources and files
planning        read-only questions: plan, one step's verdict, status
session         one `apply`, from lock to record
recovery        after a killed run; forgetting steps
coordinator     stage by stage: plan, submit, try again
stage_planner   the plan of one stage
step_tracker    what workers report, recorded and shown
retry_queue     steps that wait for their next attempt
tasks           planned steps as tasks
task_queue      the order of tasks
executors       the seam to workers, and two executors
fact_writer     facts as rows of the state
run_summary     how each step ended, and the counts
day_notes       days that may be incomplete, logs with hits of other days
wiring          stages, sources, archives and executor of a project
explanation     log files explained without a run
"""
