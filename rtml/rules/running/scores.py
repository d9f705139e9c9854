"""Window scores of rules and of the rival, in the table that models write too."""

from __future__ import annotations

import polars as pl

from rtml.schema import SCORES, conform

__all__ = ["score_table"]


def score_table(detector: str, scored: pl.DataFrame) -> pl.DataFrame:
    """Return the scores of one detector that sees events as rows of `rtml.schema.SCORES`.

    Parameters
    ----------
    detector
        Its name; findings carry the same.
    scored
        ``container_id``, ``window`` and ``score`` (NaN or null: no opinion); ``workload`` and
        ``complete`` are kept where they are known.

    Returns
    -------
    One row per row, in the same order. The margin is the score, the p-value is null, and the
    ``alarm`` is raised where the score is above 0: something matched in that window.

    Examples
    --------
    >>> import datetime as dt
    >>> at = pl.Series([dt.datetime(2026, 1, 1)] * 3).cast(pl.Datetime("ns", "UTC"))
    >>> scored = pl.DataFrame({"container_id": ["a", "b", "c"], "window": at,
    ...                        "score": [0.501, 0.0, float("nan")]})
    >>> score_table("rules", scored).select("detector", "margin", "alarm").rows()
    [('rules', 0.501, True), ('rules', 0.0, False), ('rules', None, False)]
    """
    score = pl.col("score").cast(pl.Float64).fill_nan(None)
    rows = scored.with_columns(detector=pl.lit(detector), score=score, margin=score)
    return conform(rows.with_columns(alarm=(score > 0).fill_null(False)), SCORES)
