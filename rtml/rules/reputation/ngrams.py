"""Names as counts of hashed character n-grams: nothing to learn, nothing to store."""

from __future__ import annotations

from typing import Any

import polars as pl
import scipy.sparse
from sklearn.feature_extraction.text import HashingVectorizer

__all__ = ["FEATURES", "ngrams"]

_BLOCK = 1 << 15
FEATURES = 2 * _BLOCK
"""Columns: n-grams of the registered part, and those of the labels before it."""

_VECTORIZER = HashingVectorizer(
    analyzer="char", ngram_range=(1, 4), n_features=_BLOCK, alternate_sign=False, lowercase=False
)


def ngrams(split: pl.DataFrame) -> Any:
    """Return a sparse matrix, a row for each name; both blocks have length 1, or 0 if empty.

    Parameters
    ----------
    split
        `rtml.rules.reputation.names.split_names`, without nulls. ``^`` and ``$`` mark the ends, so
        that an n-gram at the end of a name is another than inside.

    Examples
    --------
    >>> split = pl.DataFrame({"registered": ["example.com"], "under": [""]})
    >>> ngrams(split).shape == (1, FEATURES)
    True
    """
    chosen = ("^" + split["registered"] + "$").to_list()
    before = split.select(
        pl.when(pl.col("under") == "").then(pl.lit("")).otherwise("^" + pl.col("under") + "$")
    )
    blocks = [_VECTORIZER.transform(chosen), _VECTORIZER.transform(before.to_series().to_list())]
    return scipy.sparse.hstack(blocks, format="csr")
