"""What was done: the state file, its lock, the warehouse's lineage and the run records. No planning, no network."""
