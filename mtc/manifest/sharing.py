"""Sites that get into each other's way: two that read the same logs, one whose copies another would read. Text only."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtc.manifest.overlap import Objects, archive_meets_source

_FEW = 2


@dataclass(frozen=True, slots=True)
class SiteUrls:
    """Where a site's logs lie and are archived (empty for nowhere), and at which S3 service each is.

    `chosen` says in some words which lines of the logs are the site's: its host names, paths and so on.
    """

    name: str
    source: str
    archive: str
    services: tuple[str, str]
    chosen: str


def readers_of_the_same(sites: Sequence[SiteUrls], root: Path) -> Iterator[tuple[str, str]]:
    """Each site that reads only logs that an earlier one reads too, or the other way round, with that one.

    Sites that choose lines, such as those of their hosts, may well read the same logs.
    """
    seen: list[tuple[SiteUrls, Objects]] = []
    for site in sites:
        mine = Objects.of(site.source, site.name, root)
        for other, theirs in seen:
            if _same(site, other) and (theirs.hold(mine) or mine.hold(theirs)):
                yield site.name, other.name
                break
        seen.append((site, mine))


def _same(site: SiteUrls, other: SiteUrls) -> bool:
    return (site.services[0], site.chosen) == (other.services[0], other.chosen)


def copies_read_by_others(sites: Sequence[SiteUrls], root: Path) -> Iterator[tuple[str, str]]:
    """Each site with an archive whose copies the source of another site would list, with that site.

    Of many sites with the same URLs the first two stand for all.
    """
    sources = _few(sites, lambda site: (site.source, site.services[0]))
    archives = _few([site for site in sites if site.archive], lambda site: (site.archive, site.services[1]))
    for site in archives:
        for other in sources:
            if site.name == other.name or site.services[1] != other.services[0]:
                continue
            owner = (site.source, site.name)
            if archive_meets_source(other.source, site.archive, other.name, root, owner=owner):
                yield site.name, other.name
                break


def _few(sites: Sequence[SiteUrls], alike: Callable[[SiteUrls], tuple[str, str]]) -> list[SiteUrls]:
    """The first few sites of each kind."""
    kinds: dict[tuple[str, str], list[SiteUrls]] = {}
    for site in sites:
        kinds.setdefault(alike(site), []).append(site)
    return [site for some in kinds.values() for site in some[:_FEW]]
