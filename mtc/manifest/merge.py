"""How one tree of settings is laid over another: maps merge, lists and values replace, null removes."""

from dataclasses import replace

from mtc.manifest.nodes import Entry, Map, Node, Path_, is_null


def merge(base: Node, over: Node, path: Path_ = ()) -> Node:
    """Lay `over` on `base`. A null stays in the tree, so that it can hide what an outer level would give."""
    if not (isinstance(base, Map) and isinstance(over, Map)) or _is_one_value(path):
        return over
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        known = entries.get(key)
        if known is None:
            entries[key] = entry
        elif path == ("sites",) and is_null(entry.node):
            del entries[key]
        else:
            entries[key] = Entry(entry.mark, merge(known.node, entry.node, (*path, key)))
    return replace(over, entries=entries, weight=base.weight + over.weight)


def _is_one_value(path: Path_) -> bool:
    """Another choice, not more of the same: `{last: 7}` over `{from: .., to: ..}`, or one format over another."""
    own = path[2:] if path[:1] == ("environments",) else path
    inner = own[2:] if own[:1] == ("sites",) else own
    return own == ("dates",) or inner == ("source", "format") or (own != inner and inner == ("format",))


def inherit(top: Map, site: Map) -> Map:
    """A site's settings with those of the manifest under them, section by section and key by key."""
    settled = site
    for key in ("source", "archive", "filters", "hits", "freshness"):
        above, own = top.entries.get(key), site.entries.get(key)
        if above is not None and own is None:
            settled = settled.with_(key, above)
        elif above is not None and own is not None:
            settled = settled.with_(key, Entry(own.mark, merge(above.node, own.node, (key,))))
    return _short_format(settled)


def _short_format(site: Map) -> Map:
    """`format` of a site is short for `source: {format: ...}`."""
    short, source = site.entries.get("format"), site.map("source")
    if short is None or is_null(short.node) or source is None:
        return site
    return site.with_("source", Entry(site.entries["source"].mark, source.with_("format", short)))
