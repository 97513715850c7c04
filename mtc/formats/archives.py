r"""What is no text and no compressed text: archives of files, and ways of compression that are not read, by content.

Sources: POSIX, "ustar Interchange Format" (a header of 512 bytes with a checksum; older ones lack the word `ustar`);
APPNOTE.TXT (zip); 7zFormat.txt; the RAR 5.0 archive format; the frame formats of LZ4, Snappy and LZOP; lzip;
ar(5); cpio(5).
"""

import tarfile

from mtc.errors import PermanentError

HEAD = 512
_TAR = "a tar archive"
_CPIO = (b"070701", b"070702", b"070707", b"\xc7\x71", b"\x71\xc7")
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a zip archive", "unpack it, one log to a file: `unzip`"),
    (b"PK\x05\x06", "an empty zip archive", "leave it out of the source's `url`"),
    (b"PK\x07\x08", "a zip archive in several volumes", "unpack it, one log to a file: `unzip`"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it, one log to a file: `7z x`"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it, one log to a file: `unrar x`"),
    (b"\x04\x22\x4d\x18", "compressed with lz4", "compress it with gzip or zstd, or not at all: `lz4 -d`"),
    (b"\x02\x21\x4c\x18", "compressed with lz4 (legacy)", "compress it with gzip or zstd, or not at all: `lz4 -d`"),
    (b"\xff\x06\x00\x00sNaPpY", "compressed with Snappy", "compress it with gzip or zstd, or not at all: `snzip -d`"),
    (b"\x1f\x9d", "compressed with compress (.Z)", "compress it with gzip or zstd, or not at all: `gzip -d` reads it"),
    (b"\x1f\xa0", "compressed with compress (.Z)", "compress it with gzip or zstd, or not at all: `gzip -d` reads it"),
    (b"LZIP\x01", "compressed with lzip", "compress it with gzip or zstd, or not at all: `lzip -d`"),
    (b"\x89LZO\x00\x0d\x0a\x1a\x0a", "compressed with lzop", "compress it with gzip or zstd, or not at all: `lzop -d`"),
    (b"!<arch>\n", "an ar archive", "unpack it, one log to a file: `ar x`"),
    *((magic, "a cpio archive", "unpack it, one log to a file: `cpio -i`") for magic in _CPIO),
    (b"MSCF\0\0\0\0", "a cabinet archive", "unpack it, one log to a file: `cabextract`"),
    (b"xar!", "a xar archive", "unpack it, one log to a file: `xar -xf`"),
    (b"\x5d\x00\x00", "compressed with LZMA (.lzma)", "compress it with gzip or zstd, or not at all: `xz -d` reads it"),
    (b"LPKSHHRH", "a journal of systemd", "export it: `journalctl --file ... -o json`"),
    (b"ElfFile\0", "a Windows event log", "import the server's own log"),
    (b"SQLite format 3\0", "an SQLite database", "export it as JSON lines or CSV"),
    (b"Obj\x01", "an Avro file", "export it as JSON lines or CSV"),
)
"""How a file begins, what it is, and what to do."""

_TWICE: tuple[tuple[bytes, str], ...] = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh91AY&SY", "bzip2"),
)


def refuse(head: bytes, where: str) -> None:
    """PermanentError where a file's text, decompressed, is none: `head` is its beginning, of `HEAD` bytes or more."""
    known = next(((what, hint) for magic, what, hint in _MAGIC if head.startswith(magic)), None)
    if known is None and _is_tar(head[:HEAD]):
        known = _TAR, "unpack it, one log to a file: `tar -xf`"
    twice = next((name for magic, name in _TWICE if head.startswith(magic)), None)
    if known is None and twice:
        known = f"compressed twice, within with {twice}", "decompress it once"
    if known is not None:
        what, hint = known
        raise PermanentError(f"the file is {what}, which is not read", where=where, hint=f"nothing was loaded; {hint}")


def _is_tar(head: bytes) -> bool:
    """Whether it is the header of an archive's member: its checksum is right."""
    if len(head) < HEAD or not head[0]:
        return False
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True
