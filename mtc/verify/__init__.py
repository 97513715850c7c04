"""Numbers of imported days, compared along the chain.

verify          collects the evidence of every day
evidence        of the import, the warehouse, `.stat` and CSV
matomo_counts   of deliveries and Matomo
chain           compares the links of one day
"""
