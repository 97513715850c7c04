"""The native reader of plain lines: C without dependencies, which is used where it was built.

build       compiles `plain_lines.c`, when the package is built or by hand; a machine without a compiler has none
library     loads it, and wraps it: lines go in as blocks of bytes, tables come out as Arrow streams
"""
