"""Which part of a name somebody chose, and which names have a reputation at all."""

from __future__ import annotations

import polars as pl

from rtml.rules.intelligence.domains import LONGEST_NAME, plain_name

__all__ = ["registered", "split_names"]

_INTERNAL = (
    r"(?:^|\.)(?:local|localhost|localdomain|internal|intranet|lan|home|corp|svc|cluster|consul"
    r"|docker|test|invalid|arpa|onion)$"
)
_SECOND = r"\.(?:co|com|org|net|gov|gob|ac|edu|or|ne|go|gv|in)\.[a-z]{2}$"
_PUBLIC = r"^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+(?:[a-z]{2,24}|xn--[a-z0-9-]+)$"


def registered(name: pl.Expr) -> pl.Expr:
    """Return the part of a name that was registered: its last two labels, or three.

    Three below second-level domains like ``co.uk``. An approximation of the public suffix list,
    which ships with no release of its own: ``x.github.io`` counts as ``github.io``.

    Examples
    --------
    >>> names = pl.DataFrame({"n": ["www.example.co.uk", "a.b.example.com", "example.org"]})
    >>> names.select(registered(pl.col("n"))).to_series().to_list()
    ['example.co.uk', 'example.com', 'example.org']
    """
    labels = name.str.split(".")
    last = pl.when(name.str.contains(_SECOND)).then(3).otherwise(2)
    return labels.list.tail(last).list.join(".")


def split_names(names: pl.Series) -> pl.DataFrame:
    """Return ``name`` (as given), ``registered`` and ``under``, the labels before it.

    Names of a cluster or a private network, single labels, reverse look-ups and what DNS cannot
    carry have no reputation: ``registered`` is null.

    Examples
    --------
    >>> split_names(pl.Series(["Mail.Example.com.", "db.default.svc.cluster.local", "db"])).rows()
    [('Mail.Example.com.', 'example.com', 'mail'), ('db.default.svc.cluster.local', None, None),
     ('db', None, None)]
    """
    plain = pl.DataFrame({"name": names.cast(pl.String), "plain": plain_name(names)})
    text = pl.col("plain")
    public = (
        text.str.contains(_PUBLIC) & ~text.str.contains(_INTERNAL) & (text.str.len_chars() <= LONGEST_NAME)
    )
    chosen = pl.when(public).then(registered(text))
    return plain.with_columns(registered=chosen).select(
        "name",
        "registered",
        under=pl.when(pl.col("registered").is_not_null()).then(
            text.str.head(text.str.len_chars() - pl.col("registered").str.len_chars()).str.strip_chars_end(
                "."
            )
        ),
    )
