"""Small country databases in MaxMind's format."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from mmdb_writer import MMDBType, MMDBWriter
from netaddr import IPSet

NAMES = ("de", "en", "fr")
COUNTRIES = {
    "192.0.2.0/25": "FR",
    "192.0.2.128/25": "DE",
    "198.51.100.0/24": "US",
    "2001:db8:1::/48": "JP",
    "2001:db8:2::/48": "FR",
}


def as_maxmind(code: str) -> dict[str, object]:
    """Return a record as in GeoLite2-Country."""
    names = {language: f"{code} in {language}" for language in NAMES}
    country = {"geoname_id": 3017382, "iso_code": code, "names": names}
    continent = {"code": "EU", "geoname_id": 6255148, "names": names}
    return {"continent": continent, "country": country, "registered_country": {**country, "iso_code": "ZZ"}}


def write_records(path: Path, records: Mapping[str, object], *, version: int = 6, kind: str = "Test-Country") -> Path:
    """Write a database with a record for each network; with `version` 4 it has IPv4 only."""
    writer = MMDBWriter(version, kind, ["en"], "made for a test", ipv4_compatible=version == 6)
    for network, record in records.items():
        writer.insert_network(IPSet([network]), cast("MMDBType", record))
    path.parent.mkdir(parents=True, exist_ok=True)
    writer.to_db_file(str(path))
    return path


def write_countries(path: Path, countries: Mapping[str, str] = COUNTRIES) -> Path:
    """Write a database with these countries, as MaxMind does."""
    return write_records(path, {network: as_maxmind(code) for network, code in countries.items()})
