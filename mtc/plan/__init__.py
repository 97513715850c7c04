"""What to do, and why: pure functions from manifest, world and state to a plan. No I/O here.

planner            plans the stages
world, work        what a plan is made from; what it is: steps with verdicts and work orders
import_verdicts, delivery_verdicts, stat_verdicts
                   the verdicts of each kind of step; verdicts has what they share
day_selection      days that a plan includes besides those asked for
fingerprint        what a result depends on, compared part by part
object_changes     a day's objects in the source compared with those that are loaded
losses             what would be removed and cannot be made again
stat_inputs        the parts of each day, the inputs of stat and csv steps, hits that Matomo was given
duplicates         logs with the same lines
neighbours         hits in the logs of adjacent days, and what a run reports about them
growing            logs that grow: days that may get more hits, hits without statistics
slice_merging      slices of growing logs that are merged into one
freshness          sites whose logs have stopped coming
"""
