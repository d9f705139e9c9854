"""The shape of domain names: how many, how long, how random."""

from __future__ import annotations

import polars as pl

from rtml.features.entropy import weight
from rtml.features.pairs import CELL

__all__ = ["LONGEST_NAME", "letters_entropy", "name_shape"]

LONGEST_NAME = 255
"""Characters of a name that are looked at (RFC 1035)."""


def letters_entropy(domains: pl.Series) -> pl.DataFrame:
    """Return the entropy of the characters of each distinct name, dots left out.

    ``H = log2 L - (1/L) sum c log2 c`` over the counts c of its L characters, in bits per
    character; no row for a name without any.

    Examples
    --------
    >>> letters_entropy(pl.Series("domain", ["aabb.", "aaaa"])).sort("domain").rows()
    [('aaaa', 0.0), ('aabb.', 1.0)]
    """
    names = pl.DataFrame({"domain": domains.drop_nulls().unique()})
    letters = pl.col("domain").str.slice(0, LONGEST_NAME).str.to_lowercase().str.split("")
    single = names.with_columns(letter=letters).explode("letter", empty_as_null=False)
    counts = single.filter(~pl.col("letter").is_in(["", "."])).group_by("domain", "letter").len("c")
    total = pl.col("c").sum().cast(pl.Float64)
    bits = (total.log(2) - weight(pl.col("c")).sum() / 1024 / total).clip(lower_bound=0.0)
    return counts.group_by("domain").agg(bits=bits)


def name_shape(lookups: pl.DataFrame) -> pl.DataFrame:
    """Return number, greatest length and entropy of the names asked for, per window.

    Parameters
    ----------
    lookups
        ``container_id``, ``window``, ``domain``; other columns do not matter.
    """
    names = lookups.select(*CELL, "domain").unique()
    scored = names.join(letters_entropy(names["domain"]), on="domain", how="left")
    length = pl.col("domain").str.len_chars().clip(upper_bound=LONGEST_NAME)
    return scored.group_by(CELL).agg(
        domains=pl.len().cast(pl.Float64),
        domain_length_max=length.max().cast(pl.Float64),
        domain_entropy_max=pl.col("bits").max().fill_null(0.0),
    )
