"""Log formats as people write them down: each server's own language for its log lines, made into a `Layout`.

layout        what a layout is, how one is assembled from values and literal texts, and how times are written
json_paths    formats that write JSON objects, and paths into JSON
apache, nginx, haproxy, tomcat, envoy, squid      a language each
"""
