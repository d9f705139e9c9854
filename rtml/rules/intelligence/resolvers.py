"""A resolver asks again what a container asked it: the copy of a hit, not a second one.

A query that a pod sends to coredns leaves coredns once more, so every DNS hit comes twice and the
copy blames the resolver. The copy is dropped, and counted, only where the original is seen: a
resolver that serves another node's pods keeps its hits, which are then all there is.
"""

from __future__ import annotations

import polars as pl

from rtml.asof import asof

__all__ = ["RESOLVERS", "WITHIN", "copies"]

RESOLVERS = (
    "coredns",
    "kube-dns",
    "node-cache",
    "dnsmasq",
    "dnsmasq-nanny",
    "unbound",
    "named",
    "systemd-resolve",
    "systemd-resolved",
    "pdns_recursor",
    "dnsdist",
    "dnscrypt-proxy",
    "stubby",
    "kresd",
    "nscd",
)
"""Names of programs that resolve names for others."""

WITHIN = "5s"
"""A resolver asks on at once; 5 seconds is the usual time after which a client asks again."""


def copies(hits: pl.DataFrame, within: str = WITHIN) -> pl.Series:
    """Mark hits of resolvers on names that something else asked for at the same time.

    Parameters
    ----------
    hits
        ``rule``, ``name`` (as queried), ``program`` (path or name) and ``time``.

    Returns
    -------
    One Boolean for each row, in the same order.

    Examples
    --------
    >>> hits = pl.DataFrame({"rule": "r", "name": ["c2.example", "C2.example.", "other.example"],
    ...     "program": ["/usr/bin/curl", "/coredns", "/coredns"],
    ...     "time": pl.Series([0, 1, 2]).cast(pl.Datetime("ms"))})
    >>> copies(hits).to_list()
    [False, True, False]
    """
    program = pl.col("program").str.replace(r"^.*/", "")
    rows = hits.select(
        "rule",
        "time",
        name=pl.col("name").str.to_lowercase().str.strip_chars_end("."),
        resolver=program.is_in(RESOLVERS).fill_null(False),
    ).with_row_index("_row")
    asked = rows.filter(~pl.col("resolver")).sort("time").select("rule", "name", "time", asked=True)
    near = asof(
        rows.filter("resolver").sort("time"),
        asked,
        on="time",
        by=["rule", "name"],
        strategy="nearest",
        tolerance=within,
    )
    return rows["_row"].is_in(near.filter("asked")["_row"].implode())
