"""Which attacks stem from one recording: trials of it, spliced into other time, are not new evidence."""

from __future__ import annotations

import numpy as np
import polars as pl

__all__ = ["TRIAL", "groups_of", "origin"]

TRIAL = "~"
"""Between the id of a recorded attack and the number of its trial (`rtml.splicing`)."""


def origin(attacks: pl.DataFrame) -> pl.Expr:
    """Return the recording of each attack: column ``origin``, else its id without part and trial.

    Parameters
    ----------
    attacks
        ``attack_id`` and, if there, ``origin`` (null: the attack is a recording of its own).

    Examples
    --------
    >>> attacks = pl.DataFrame({"attack_id": ["shell~1", "shell~22", "shell~2~0003", "a~b"]})
    >>> attacks.select(origin(attacks)).to_series().to_list()
    ['shell', 'shell', 'shell', 'a~b']
    """
    recorded = pl.col("attack_id").str.replace(rf"({TRIAL}\d+)+$", "")
    if "origin" in attacks.columns:
        recorded = pl.coalesce("origin", recorded)
    return recorded.alias("origin")


def groups_of(attacks: pl.DataFrame, by: str = "origin") -> np.ndarray:
    """Return a code per attack, equal where ``by`` is equal; one of its own where that is null.

    Parameters
    ----------
    by
        ``origin``, or a column such as ``container_id`` or ``technique``.

    Examples
    --------
    >>> attacks = pl.DataFrame({"attack_id": ["a", "b", "c"], "technique": [None, "T1", None]})
    >>> len(set(groups_of(attacks, "technique").tolist()))
    3
    """
    value = origin(attacks) if by == "origin" else pl.col(by).cast(pl.String)
    alone = pl.format("{}{}", pl.lit("\0"), pl.int_range(pl.len()))
    return attacks.select(value.fill_null(alone).rank("dense")).to_series().to_numpy().astype(int)
