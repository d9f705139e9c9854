"""A guess at the technique behind an anomaly, from what it touched; never more than a guess."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from rtml.reading.packaged import packaged_yaml

__all__ = ["with_guess"]


@cache
def _table() -> list[dict[str, Any]]:
    return packaged_yaml("rtml.findings", "techniques.yml", list)


def with_guess(findings: pl.DataFrame) -> pl.DataFrame:
    """Add ``guess``: the ATT&CK technique that the reasons of a model's finding look like.

    Null for findings that carry techniques (rules say what they look for), and where no line of
    ``techniques.yml`` fits. Reasons are read in the order of their shares, title first; the first line of the
    table that fits wins.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> reason = {"feature": "files.read: read /etc/shadow given web: cat", "value": 9.0, "share": 1.0}
    >>> one = conform(pl.DataFrame({"contributions": [[{**reason, "usual": None}]]}), FINDINGS)
    >>> with_guess(one)["guess"].to_list()
    ['T1003.008']
    """
    reasons = pl.col("contributions").list.eval(pl.element().struct.field("feature")).list.join("\n")
    text = pl.concat_str(pl.col("title"), reasons, separator="\n", ignore_nulls=True)
    fits = [pl.when(text.str.contains(line["pattern"])).then(pl.lit(line["technique"])) for line in _table()]
    known = pl.col("techniques").list.len().fill_null(0) > 0
    return findings.with_columns(guess=pl.when(~known).then(pl.coalesce(*fits, pl.lit(None, pl.String))))
