r"""How unusual a word is against those that were learnt, in bits: for flows and other rows without events.

.. math:: -\log_2 \frac{n + 1/2}{N + 1}

with *n* times that the word was among the *N* learnt ones; a learnt row does not count itself.
"""

from __future__ import annotations

import polars as pl

__all__ = ["bits"]


def bits(words: pl.Series, learnt: pl.Series) -> pl.Series:
    """Return the bits of each word; ``learnt`` says which rows are counted.

    Examples
    --------
    >>> learnt = pl.Series([True, True, True, False, False])
    >>> bits(pl.Series(["a", "a", "b", "a", "c"]), learnt).round(2).to_list()
    [1.0, 1.0, 2.58, 0.68, 3.0]
    """
    rows = pl.DataFrame({"word": words, "learnt": learnt})
    counts = rows.filter("learnt").group_by("word").agg(n=pl.len().cast(pl.Int64))
    total = int(learnt.sum())
    own = pl.col("learnt").cast(pl.Int64)
    times = rows.join(counts, on="word", how="left", maintain_order="left")["n"].fill_null(0)
    counted = rows.with_columns(n=times)
    share = (pl.col("n") - own + 0.5) / (total - own + 1)
    return counted.select(bits=-share.log(2))["bits"]
