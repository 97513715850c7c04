"""The columns of a part, in order: the one shape that loading writes and statistics read."""

# name, DuckDB type, what it holds
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("object", "VARCHAR", "the id of the object the line came from"),
    ("line", "BIGINT", "the line's number in the object, from 1"),
    ("ts", "TIMESTAMP", "the time of the request, UTC"),
    ("host", "VARCHAR", "the virtual host, lower case; NULL where the format has none"),
    ("ip", "VARCHAR", "the client's address as logged"),
    ("user", "VARCHAR", "the authenticated user, or NULL"),
    ("method", "VARCHAR", "GET, POST ..."),
    ("path", "VARCHAR", "the request's path, before the question mark"),
    ("query", "VARCHAR", "what follows the question mark, or NULL"),
    ("protocol", "VARCHAR", "HTTP/1.1 ..., or NULL"),
    ("status", "SMALLINT", "the answer's status, or NULL"),
    ("bytes", "BIGINT", "the answer's size, or NULL"),
    ("time_ms", "DOUBLE", "how long the answer took, or NULL"),
    ("referrer", "VARCHAR", "the referrer, or NULL"),
    ("user_agent", "VARCHAR", "the user agent, or NULL"),
    ("download", "BOOLEAN", "whether the hit is a download, not a page view"),
    ("bot", "BOOLEAN", "whether the user agent is a robot's"),
    ("browser", "VARCHAR", "the browser or other client as Matomo calls it, or 'Unknown'"),
    ("browser_version", "VARCHAR", "a browser's version in two parts, or NULL"),
    ("os", "VARCHAR", "the family of operating systems as Matomo calls it, or 'Unknown'"),
    ("device", "VARCHAR", "the type of device in Matomo's words (desktop, smartphone, tv ...), bot or unknown"),
)
