r"""Paths into JSON, as people write them: `client.addr`, `headers.User-Agent[0]`, `labels.app\.name`."""

from mtc.manifest.layouts.model import LayoutError

_HINT = "one looks like client.addr, headers.User-Agent[0] or labels.app\\.name"


def read_path(text: str) -> tuple[str | int, ...]:
    """Keys and indices of a path. A dot, a bracket or a backslash that is part of a key has a backslash before it."""
    steps: list[str | int] = []
    at = 0
    while at < len(text):
        if text[at] == "[":
            index, at = _index(text, at)
            steps.append(index)
        else:
            key, at = _key(text, at)
            steps.append(key)
        if at < len(text) and text[at] == ".":
            at += 1
            if at == len(text):
                raise LayoutError("the path ends with a dot", _HINT)
        elif at < len(text) and text[at] != "[":
            raise LayoutError(f"`{text[at]}` follows an index", _HINT)
    if not steps:
        raise LayoutError("the path is empty", _HINT)
    return tuple(steps)


def _index(text: str, at: int) -> tuple[int, int]:
    end = text.find("]", at)
    digits = text[at + 1 : end]
    if end < 0 or not (digits.isascii() and digits.isdecimal()) or len(digits) > 6:  # noqa: PLR2004 (longer than any list)
        raise LayoutError("what stands in brackets is no index", _HINT)
    return int(digits), end + 1


def _key(text: str, at: int) -> tuple[str, int]:
    key = ""
    while at < len(text) and text[at] not in ".[":
        if text[at] == "\\":
            at += 1
            if at == len(text):
                raise LayoutError("the path ends with a backslash", _HINT)
        key += text[at]
        at += 1
    if not key:
        raise LayoutError("a key of the path is empty", _HINT)
    return key, at
