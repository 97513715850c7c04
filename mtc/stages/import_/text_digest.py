"""Two digests of an object's text: of its bytes, and of its lines whatever their line ends are."""

import hashlib

from mtc.formats.line_cleaning import BOM


class TextDigest:
    """Both digests, in one pass; the second costs nothing as long as it equals the first."""

    def __init__(self) -> None:
        self._written = hashlib.sha256()
        self._lines: hashlib._Hash | None = None
        self._begun = False
        self._carried = b""
        self._ended = True

    def update(self, block: bytes) -> None:
        """Add the next block."""
        if not block:
            return
        lines = self._carried + (block if self._begun else block.removeprefix(BOM))
        self._begun = True
        self._carried = b"\r" if lines.endswith(b"\r") else b""
        lines = lines.removesuffix(self._carried).replace(b"\r\n", b"\n")
        if self._lines is None and lines != block:
            self._lines = self._written.copy()
        self._written.update(block)
        if self._lines is not None:
            self._lines.update(lines)
        self._ended = block.endswith(b"\n")

    def written(self) -> str:
        """The digest of every byte, hex."""
        return self._written.hexdigest()

    def lines(self) -> str:
        """The digest of the lines, hex: a byte order mark, CR LF for LF and a missing last line end do not count."""
        lines = (self._lines or self._written).copy()
        if not self._ended:
            lines.update(b"\n")
        return lines.hexdigest()
