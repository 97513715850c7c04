"""Runs: what is asked for, planned, done by an executor, and recorded.

selection       what `plan` and `apply` are asked for; the sites, stages and days that it selects
observe         what exists now: logs in the sources, files on disk
planning        read-only questions: plan, one step's verdict, status, log files explained
session         one `apply`, from lock to record
recovery        repairs after a killed run; forgetting steps
coordinator     stage by stage: plan, submit, retry
stage_planner   the plan of one stage
task_queue      planned steps as tasks, and their order
executors       the interface to workers, and two executors
step_tracker    what workers report: recorded, shown, retried
slice_merging   slices of growing logs merged at the end of a run
run_summary     how each step ended, and the counts
wiring          stages, sources, archives and executor of a project; `buckets` opens those in S3
"""
