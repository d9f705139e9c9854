r"""Why detectors agree: the explanation of their combination, made of their own.

The combined score is the mean of the members' margins, each between a floor and a ceiling
(`rtml.models.combining`). A member *i* of *n* that voted adds :math:`v_i = m_i / n`; its own explanation says
by which features, with shares :math:`a_{ij}` that add up to 1. So feature *j* has the part

.. math:: p_j = \sum_{i:\, v_i > 0} v_i\, a_{ij}

A member that finds the tree usual (:math:`v_i \le 0`), or that cannot say why it does not, stands for itself:
its vote is one part under its own label. The parts of a tree then add up to its combined score, to 1e-9.

Fails where members say the same for different reasons: a feature's ``usual`` is that of the member that gave
it the largest part.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rtml.arrays import Array
from rtml.detectors import CONTRIBUTIONS
from rtml.models.combining import votes
from rtml.schema import empty

__all__ = ["PARTS", "combined_reasons"]

PARTS = pl.Schema({**CONTRIBUTIONS, "part": pl.Float64()})
"""Contributions, and beside each share the part of the score itself, which may be negative (share 0)."""


def combined_reasons(margins: Mapping[str, Array], reasons: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Return `PARTS` of the combination, one row per tree and feature, the greatest part first.

    Parameters
    ----------
    margins
        Per member the margin of each row; NaN: no opinion.
    reasons
        Per member its `CONTRIBUTIONS` to these rows, shares above 0.

    Examples
    --------
    >>> import numpy as np
    >>> said = pl.DataFrame({"row": [0, 0], "feature": ["a.x", "a.y"], "value": [9.0, 4.0],
    ...                      "usual": [1.0, 1.0], "share": [0.75, 0.25]}, schema=CONTRIBUTIONS)
    >>> found = combined_reasons({"one": np.array([8.0]), "two": np.array([-1.0])},
    ...                          {"one": said, "two": said.clear()})
    >>> found.select("feature", "share", "part").rows()
    [('a.x', 0.75, 3.0), ('a.y', 0.25, 1.0), ('two', 0.0, -0.5)]
    """
    tables = [
        _of_member(label, margins[label], vote, reasons[label]) for label, vote in votes(margins).items()
    ]
    # One after the other, in the order of members: a sum must not depend on threads.
    said = pl.concat([empty(PARTS), *tables])
    ordered = said.sort("row", "feature", "part", descending=[False, False, True], maintain_order=True)
    parts = ordered.group_by("row", "feature", maintain_order=True).agg(
        pl.col("value", "usual").first(), pl.col("part").sum()
    )
    raising = pl.col("part").clip(0.0)
    shared = parts.with_columns(share=raising / raising.sum().over("row")).with_columns(
        pl.col("share").fill_nan(0.0)
    )
    return shared.sort("row", "part", "feature", descending=[False, True, False]).select(PARTS.names())


def _of_member(label: str, margins: Array, vote: Array, reasons: pl.DataFrame) -> pl.DataFrame:
    """Return the parts that one member's vote is divided into, or the vote itself."""
    voted = pl.DataFrame({"vote": vote, "value": margins}, nan_to_null=True).with_row_index("row")
    voted = voted.drop_nulls("vote")
    said = reasons.join(voted.select("row", "vote").filter(pl.col("vote") > 0), on="row", how="inner")
    divided = said.with_columns(part=pl.col("share") * pl.col("vote"))
    alone = voted.join(said.select("row").unique(), on="row", how="anti", maintain_order="left").select(
        "row", "value", feature=pl.lit(label), usual=pl.lit(None, pl.Float64), share=pl.lit(0.0), part="vote"
    )
    columns = [pl.col(name).cast(kind) for name, kind in PARTS.items()]
    return pl.concat([divided.select(columns), alone.select(columns)])
