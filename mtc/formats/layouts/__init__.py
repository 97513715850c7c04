"""Log formats as people write them down: each server's own language for its log lines, made into a `Layout`."""
