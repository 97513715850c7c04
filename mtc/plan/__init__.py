"""What to do, and why: pure functions from manifest, world and state to a plan. No I/O here."""
