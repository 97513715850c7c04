"""Log formats as people write them down: expressions, servers' own languages, paths in JSON.

A text becomes a `TextLayout` or a `JsonLayout`, or a `LayoutError` that says what is wrong with it. No I/O, no SQL and
no database here: what a layout means to the reader is made of it in `mtc.formats.custom`.

model       what a text becomes, and the names of fields
expression  an expression of a user's → one that RE2 and Python read alike
times       formats of times, checked
pieces      values between literal texts → one expression
apache      a LogFormat → pieces
nginx       a log_format → pieces, or paths if what it writes is JSON
haproxy     a log-format → pieces, or paths if what it writes is JSON; haproxy_samples: its `%[...]`
tomcat      a pattern of Tomcat's or Jetty's → pieces; javatimes: its formats of times
envoy       a format string → pieces, or paths
squid       a logformat → pieces
objects     what writes a JSON object → paths
paths       paths into JSON
"""
