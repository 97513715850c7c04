"""Who does it: an executor takes tasks; what happens to them reaches the coordinator in the coordinator's own thread.

base     the Protocol, the messages, what a worker needs
inline   one after the other, in the calling thread
pool     several at a time, in threads: DuckDB, decompression and the network all work outside Python's lock
"""
