"""How a line reads: log formats, their detection, and the filters, all as SQL that DuckDB runs.

Nothing in this package knows of sites, days or state.

model             what a format is: `Format`, `Time`, the shapes' Protocol, layers around lines
registry          the one table of formats; adding a format means adding a `Format` to it
detection         which format a file is in, and within which layers
plain_lines       the first look at lines: which are surely filtered, which surely hits
line_sql          from a file to a table of fields; `sql`, `client_address` have the pieces
pattern, columns, csv_lines, json_lines, ltsv_logfmt, w3c      the shapes of lines
ncsa, proxies, aws, clouds, json_formats                       the formats
settings                      what a manifest may say of filters, hits and clients; `re2` checks its expressions
custom_formats, layouts       formats that a manifest describes, in the servers' own languages
described_formats             what is made of such a description
layers, server_messages       what stands around and between the lines of a log
field_names, field_mapping, forwarded                          which field is which
compression, line_cleaning    from a file's bytes to lines that DuckDB reads
filters, globs                which hits count, and what is kept of them
agents                        browsers, systems, devices and robots
"""
