"""What to do, and why: pure functions from manifest, world and state to a plan. No I/O here.

planner            plans the stages
world, work        what a plan is made from; what it is: steps with verdicts and work orders
import_verdicts, delivery_verdicts, stat_verdicts
                   the verdicts of each kind of step; verdicts has what they share
day_selection      which days belong to a plan besides those asked for
fingerprint        what a result depends on, compared part by part
object_changes     a day's objects in the source against those that are loaded
losses             what would be removed and cannot be made again
stat_inputs        the parts of each day, and the inputs of stat and csv steps
duplicates         logs with the same lines
neighbours         hits in the logs of other days
archiving          what is still to be archived
delivered_hits     how many of a day's hits Matomo was given
freshness          sites whose logs have stopped coming
"""
