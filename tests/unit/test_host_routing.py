"""`hosts` assigns the lines of a shared log to sites; nothing is guessed."""

from pathlib import Path

import duckdb
import pytest
from in_hand import line
from rig import Listener

from mtc.core.errors import ManifestError
from mtc.core.model import Accounting, StepId
from mtc.engine import planning, session
from mtc.engine.selection import ApplyRequest, Scope
from mtc.manifest.load import load
from mtc.manifest.project import Project
from mtc.state.store import Store

DAY = "2026-05-01"
LOG = [
    line("/1", host="docs.example.org"),
    line("/2", host="shop.example.org:443"),
    line("/3", host="WWW.shop.example.org."),
    line("/4", host="docs.example.org"),
    line("/5", host="blog.example.org"),
    line("/6", host="-"),
]


def project(folder: Path, sites: str, more: str = "") -> Project:
    """A project whose sites read one log."""
    log = folder / "logs" / f"{DAY}.log"
    if not log.exists():
        log.parent.mkdir()
        log.write_text("".join(f"{each}\n" for each in LOG))
    manifest = folder / "mtc.yaml"
    head = f"version: 1\ndates: {DAY}\nstages: [import]\nrun: {{jobs: 1}}\n"
    manifest.write_text(f"{head}source: {{url: 'logs/{{date:%Y-%m-%d}}.log'}}\n{more}\nsites:\n{sites}")
    return load(manifest, environ={})


def imported(made: Project, site: str) -> tuple[list[str], Accounting]:
    """The paths of a site's hits, and the accounting of its day."""
    session.apply(ApplyRequest(made, Scope(), "mtc apply"), Listener())
    with Store.open(made.state, readonly=True) as store:
        record = store.record(StepId.parse(f"import:{site}:{DAY}"))
    assert record is not None
    assert record.accounting is not None
    files = str(made.warehouse / f"hits/site={site}/*/*.parquet")
    rows = duckdb.execute("SELECT path FROM read_parquet(?) ORDER BY line", [files]).fetchall()
    return [path for (path,) in rows], record.accounting


def test_each_site_gets_the_lines_of_its_hosts(tmp_path: Path) -> None:
    """Other lines are filtered with that reason; lines without a host count for every site that reads them."""
    made = project(
        tmp_path,
        "  docs: {url: 'https://docs.example.org/', hosts: [documentation.example.org]}\n"
        "  shop: {hosts: [shop.example.org, '*.shop.example.org']}\n",
    )
    assert imported(made, "docs") == (["/1", "/4", "/6"], Accounting(6, 3, {"host": 3}, {}))
    assert imported(made, "shop") == (["/2", "/3", "/6"], Accounting(6, 3, {"host": 3}, {}))


def test_without_hosts_the_address_of_a_site_routes_nothing(tmp_path: Path) -> None:
    """Many logs contain hosts that no manifest lists: without `hosts` every line counts."""
    made = project(tmp_path, "  docs: {url: 'https://docs.example.org'}\n")
    assert made.sites["docs"].filters.hosts == ()
    assert imported(made, "docs")[1] == Accounting(6, 6)


def test_the_hosts_of_a_site_replace_those_of_the_filters(tmp_path: Path) -> None:
    """A site's key overrides the manifest's, as any other key; the host of its address is added."""
    sites = (
        "  docs: {url: 'https://docs.example.org:8443/x', hosts: [d.example.org]}\n"
        "  shop: {hosts: [shop.example.org]}\n"
        "  blog: {url: 'https://blog.example.org'}\n"
        "  odd: {url: 'https://[odd', hosts: [a.example.org]}\n"
    )
    made = project(tmp_path, sites, "filters: {hosts: ['*.example.net'], exclude_hosts: [x.example.net]}")
    hosts = {name: site.filters.hosts for name, site in made.sites.items()}
    assert hosts == {
        "docs": ("d.example.org", "docs.example.org"),
        "shop": ("shop.example.org",),
        "blog": ("*.example.net",),
        "odd": ("a.example.org",),
    }
    assert {site.filters.exclude_hosts for site in made.sites.values()} == {("x.example.net",)}


def test_a_change_of_hosts_is_reported_with_its_line(tmp_path: Path) -> None:
    """Lines imported with other hosts are imported again, and the plan names the line of the setting."""
    imported(project(tmp_path, "  shop: {hosts: [shop.example.org]}\n"), "shop")
    made = project(tmp_path, "  shop:\n    hosts: [blog.example.org]\n")
    request = ApplyRequest(made, Scope(), "mtc plan")
    (step,) = planning.plan(request, print).steps
    assert step.verdict == "manifest changed"
    assert step.reasons == ('filters.hosts: ["shop.example.org"] → ["blog.example.org"] (mtc.yaml:9)',)
    assert imported(made, "shop")[0] == ["/5", "/6"]


def test_hosts_cannot_be_given_twice(tmp_path: Path) -> None:
    """In a site, `hosts` and `filters.hosts` are the same setting."""
    with pytest.raises(ManifestError, match="both given"):
        project(tmp_path, "  shop: {hosts: [a], filters: {hosts: [b]}}\n")
