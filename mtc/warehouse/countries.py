"""The countries of visitors, looked up by address in a database file of MaxMind's format.

The package that reads such files (maxminddb, extra `geo`) is loaded only when a manifest names one. Each distinct
address of a set of days is looked up once, in chunks of a bounded size; DuckDB joins the result. Addresses are what
clients and proxies wrote: text that is not an address, or an address that is not in the database, is `Unknown`.
"""

import contextlib
import ipaddress
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from mtc.core.errors import PermanentError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from maxminddb import Reader

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

UNKNOWN = "Unknown"
"""The label of visits without a known country."""

CHUNK = 50_000
"""How many addresses are looked up at a time."""

CACHE = 100_000
"""How many networks are cached at most."""

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9]")
_LONGEST = 64  # characters: no address is longer, even with a zone
_SAMPLE = 10_000  # records: a database of countries has a country among the first few
_REMEDY = "`stats.countries` names it: put a database of countries there, or take the key out"

CHUNK_OF_ADDRESSES = "SELECT address, ip FROM address WHERE rowid >= $first AND rowid < $end"
ADDRESS_COUNTRIES = "CREATE OR REPLACE TEMP TABLE address_country (address INTEGER, country VARCHAR)"
INSERT_COUNTRIES = "INSERT INTO address_country SELECT unnest($addresses), unnest($countries)"


class Countries:
    """An open database of countries. `identity` differs between editions.

    Reading a record is slow, as it holds names in many languages; so the country of each network is cached, by the
    prefix that its addresses share.
    """

    def __init__(self, reader: "Reader", path: Path) -> None:
        self._reader = reader
        self._path = path
        metadata = reader.metadata()
        self._v4_only = metadata.ip_version == 4  # noqa: PLR2004 - the version of the protocol
        self.kind = ascii(metadata.database_type)[1:-1]
        self.identity = f"{self.kind} {metadata.build_epoch} {path.stat().st_size}"
        self._networks: dict[tuple[int, int, int], str] = {}
        self._sizes: set[tuple[int, int]] = set()

    def find(self, addresses: Iterable[str]) -> list[str]:
        """Look up each address; returns ISO 3166-1 codes of two letters, or `Unknown`.

        Raises:
            PermanentError: the database is damaged.
        """
        with _damage_explained(self._path):
            return [self._find(_address(text)) for text in addresses]

    def _find(self, address: Address | None) -> str:
        if address is None or (self._v4_only and address.version == 6):  # noqa: PLR2004 - as above
            return UNKNOWN
        version, number = address.version, int(address)
        for known, size in self._sizes:
            if known == version and (country := self._networks.get((version, size, number >> size))):
                return country
        return self._read(address)

    def _read(self, address: Address) -> str:
        record, length = self._reader.get_with_prefix_len(address)
        version, size = address.version, address.max_prefixlen - length
        if len(self._networks) >= CACHE:
            self._networks.clear()
        self._sizes.add((version, size))
        return self._networks.setdefault((version, size, int(address) >> size), _code(record) or UNKNOWN)

    def check(self) -> None:
        """Refuse a database of anything else, such as network owners: every country would be `Unknown`.

        Raises:
            PermanentError: it has no countries, or is damaged.
        """
        with _damage_explained(self._path):
            has_countries = any(_code(record) for _, record in itertools.islice(self._reader, _SAMPLE))
        if not has_countries:
            raise PermanentError(f"the database has no countries ({self.kind})", where=str(self._path), hint=_REMEDY)


@contextlib.contextmanager
def open_countries(path: Path) -> Iterator[Countries]:
    """Open a database of countries for the `with` block.

    Raises:
        PermanentError: it is missing or of another kind, or the package that reads it is not installed; with a hint.
    """
    try:
        import maxminddb  # noqa: PLC0415 - an extra, loaded only when a manifest asks for countries
    except ImportError:
        raise PermanentError(
            "`stats.countries` needs the package maxminddb, which is not installed",
            where=str(path),
            hint="install it with `pip install 'mtc[geo]'`, or take the key out",
        ) from None
    if not path.is_file():
        raise PermanentError("there is no such file", where=str(path), hint=_REMEDY)
    with contextlib.ExitStack() as stack:
        with _damage_explained(path):
            # A memory map, read in Python: the package's C reader ends the process on some damaged files.
            reader = stack.enter_context(maxminddb.open_database(path, maxminddb.MODE_MMAP))
            countries = Countries(reader, path)
        countries.check()
        yield countries


def find_countries(connection: "DuckDBPyConnection", countries: Countries) -> None:
    """Make table `address_country(address, country)` from table `address(address, ip)`.

    Raises:
        PermanentError: the database is damaged.
    """
    connection.execute(ADDRESS_COUNTRIES)
    for first in itertools.count(0, CHUNK):
        rows = connection.execute(CHUNK_OF_ADDRESSES, {"first": first, "end": first + CHUNK}).fetchall()
        if not rows:
            break
        addresses, texts = zip(*rows, strict=True)
        connection.execute(INSERT_COUNTRIES, {"addresses": list(addresses), "countries": countries.find(texts)})


@contextlib.contextmanager
def _damage_explained(path: Path) -> Iterator[None]:
    """Turn any error of the reader into a PermanentError: a damaged file makes it fail in many ways."""
    try:
        yield
    except OSError as error:
        what = f"the database of countries cannot be read: {error.strerror or error}"
        raise PermanentError(what, where=str(path), hint=_REMEDY) from error
    except Exception as error:
        raise PermanentError(
            "the file is damaged, or no database of MaxMind's format (.mmdb)", where=str(path), hint=_REMEDY
        ) from error


def _address(text: str) -> Address | None:
    """Parse an address, None if it is not one; an IPv4-mapped IPv6 address becomes IPv4."""
    if len(text) > _LONGEST:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _code(record: object) -> str:
    """The code in a record: `country.iso_code` (MaxMind, DB-IP), else `country_code` or `country` (others)."""
    if not isinstance(record, Mapping):
        return ""
    country = record.get("country")
    code = country.get("iso_code") if isinstance(country, Mapping) else record.get("country_code", country)
    return code.upper() if isinstance(code, str) and _CODE.fullmatch(code) else ""
