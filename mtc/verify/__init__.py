"""Numbers of imported days, compared from step to step.

verify     collects the evidence of every day, and asks Matomo for its counts
evidence   what import, warehouse, deliveries, `.stat` and CSV files say
chain      compares the numbers of one day
"""
