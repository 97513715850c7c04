"""The chain from a log line to a CSV row, checked link by link."""
