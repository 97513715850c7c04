"""The only way in which a value may become part of a statement. It loads no database: a declaration needs none."""


def literal(value: str) -> str:
    """Quote text for SQL."""
    return "'" + value.replace("'", "''") + "'"
