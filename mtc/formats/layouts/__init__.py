"""Log formats as people write them down: each server's own language for its log lines, made into a `Layout`.

layout        what a layout is, and how times are written
pieces        values between literal texts, put together into one expression
json_paths    formats that write JSON objects, and paths into JSON
regex, apache, nginx, haproxy, tomcat, envoy, squid      a language each
"""
