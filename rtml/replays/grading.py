"""Grade and entry of attacks whose labels say neither: the catalogue has them by id.

Recordings of before have labels without these columns, and their files stay as they are. What is joined
says something about attacks and judges nothing.
"""

from __future__ import annotations

from functools import cache

import polars as pl

from rtml.evaluation.origins import origin
from rtml.replays.catalogue import catalogue

__all__ = ["with_grades"]

_OURS = ("replay", "spliced")


def with_grades(labels: pl.DataFrame) -> pl.DataFrame:
    """Fill in grade and entry of replays (`rtml.schema.LABELS`) where both are null.

    An attack is one of the catalogue when its id (parts and trials without their number) and its technique
    are; others, and labels of any other provenance, stay as they are.

    Examples
    --------
    >>> from rtml.schema import LABELS, conform
    >>> rows = {"attack_id": ["setuid-shell", "theirs"], "technique": "T1548.001", "provenance": "replay"}
    >>> with_grades(conform(pl.DataFrame(rows), LABELS)).select("grade", "entry").rows()
    [(1, 'exec'), (None, None)]
    """
    bare = pl.col("grade").is_null() & pl.col("entry").is_null() & pl.col("provenance").is_in(_OURS)
    if not labels.select(bare.any()).item():
        return labels
    joined = labels.with_columns(origin(labels).alias("_origin")).join(
        _graded(), on=["_origin", "technique"], how="left", maintain_order="left"
    )
    filled = {name: pl.when(bare).then(pl.col(f"_{name}")).otherwise(name) for name in ("grade", "entry")}
    return joined.with_columns(**filled).select(labels.columns)


@cache
def _graded() -> pl.DataFrame:
    """Grade and entry of every attack of the catalogue: two hundred files, read once."""
    known = [(attack.id, attack.technique, attack.grade, attack.entry) for attack in catalogue().values()]
    schema = {"_origin": pl.String, "technique": pl.String, "_grade": pl.Int64, "_entry": pl.String}
    return pl.DataFrame(known, schema=schema, orient="row")
