"""What Falco itself would have reported: by default the first rule that matches an event, alone.

Here every rule that matches is reported, because hiding a rule behind an earlier one makes the
baseline weaker and its account depend on the order of files. So that numbers can be set beside
those of a Falco that runs, the difference is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.rules.falco.loading import PREFIX
from rtml.rules.language.contract import Rule

__all__ = ["first_line", "first_matches", "with_first"]


def first_matches(hits: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Mark the hits that Falco's ``rule_matching: first`` would report.

    Parameters
    ----------
    hits
        `rtml.rules.account.HITS`.
    rules
        In the order in which they were loaded, which is the order in which Falco tries them.

    Returns
    -------
    ``hits``, in their order, and ``first``: true for the earliest rule of Falco on an event, false
    for its later ones, null for hits of other rules.

    References
    ----------
    Falco, https://falco.org/docs/concepts/rules/basic-elements/ and ``rule_matching`` in falco.yaml

    Examples
    --------
    >>> hits = pl.DataFrame({"rule": ["falco/b", "falco/a", "x"]})
    >>> hits = hits.with_columns(host=pl.lit("h"), seq=1)
    >>> from types import SimpleNamespace as Named
    >>> order = [Named(id="falco/a"), Named(id="falco/b"), Named(id="x")]
    >>> first_matches(hits, order)["first"].to_list()
    [False, True, None]
    """
    order = {rule.id: number for number, rule in enumerate(rules) if rule.id.startswith(PREFIX)}
    place = pl.col("rule").replace_strict(order, default=None, return_dtype=pl.Int64)
    return hits.with_columns(first=place == place.min().over("host", "seq"))


def with_first(table: pl.DataFrame, hits: pl.DataFrame, rules: Sequence[Rule]) -> pl.DataFrame:
    """Return the account of rules with ``first``: hits that Falco would report; null for others."""
    marked = first_matches(hits, rules).filter(pl.col("first").is_not_null())
    counts = marked.group_by("rule").agg(
        first=(pl.col("count").fill_null(1) * pl.col("first").cast(pl.Int64)).sum()
    )
    falco = pl.col("rule").str.starts_with(PREFIX)
    return table.join(counts, on="rule", how="left", maintain_order="left").with_columns(
        pl.when(falco).then(pl.col("first").fill_null(0)).cast(pl.Int64)
    )


def first_line(table: pl.DataFrame) -> str | None:
    """Say in one line how many hits Falco would report of those shown; null without its rules.

    Examples
    --------
    >>> first_line(pl.DataFrame({"hits": [7, 3, 9], "first": [5, 3, None]}))
    'Falco itself reports the first rule that matches an event: 8 of these 10 hits'
    """
    falco = table.filter(pl.col("first").is_not_null())
    if falco.is_empty():
        return None
    first, hits = falco["first"].sum(), falco["hits"].sum()
    return f"Falco itself reports the first rule that matches an event: {first:,} of these {hits:,} hits"
