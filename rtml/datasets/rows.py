"""The law of a labelled table: one row per window, flow or trace, with its role, its label and its features.

Whatever has no events comes in this way: counts that others published, flows, sequences, a table of your own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import polars as pl

from rtml.errors import MissingError, RtmlError, did_you_mean
from rtml.schema import feature_columns

__all__ = ["KEYS", "ROLES", "Early", "checked_rows", "labelled", "one_of_roles"]

ROLES = ("train", "calibrate", "test")
"""What rows are for: to learn from, to take thresholds from, to be judged."""

Early = Literal["refuse", "leave out", "keep"]
"""What is done about attacks before the test, as in `rtml.splits.Split`."""

KEYS = pl.Schema(
    {
        "role": pl.String(),
        "part": pl.String(),
        "group": pl.String(),
        "time": pl.Datetime("ns", "UTC"),
        "attack": pl.Int8(),
        "attack_id": pl.String(),
    }
)
"""What stands beside the features. ``part``: a model is learnt for each. ``group``: the run, recording or
host that a row is of: rows of one are no independent trials. ``attack``: 1, 0, or null where a row is
neither right nor wrong. ``attack_id``: what one find is counted for; null: of the whole group."""

_REQUIRED = ("role", "group", "attack")


def checked_rows(table: pl.DataFrame, where: str, early: Early = "refuse") -> pl.DataFrame:
    """Return a table as `KEYS` and its features, or say what is wrong with it.

    Parameters
    ----------
    table
        Needs ``role``, ``group`` and ``attack``, and one number column named ``family.feature`` at least.
        ``part``, ``time`` and ``attack_id`` may be absent; further columns are left out.
    where
        Begins every error.
    early
        What to do about rows of training and calibration that are labelled as attacks.

    Returns
    -------
    Rows in the order in which they came. Times may lie anywhere in 1678 to 2262.

    Raises
    ------
    RtmlError
        A column is missing or of another type, a role is unknown or has no rows in some part, the test has
        no benign row, or there are early attacks and ``early`` refuses them.

    Examples
    --------
    >>> table = pl.DataFrame({"role": ["train", "calibrate", "test", "test"], "group": "a",
    ...                       "attack": [0, 0, 0, 1], "calls.read": [1, 2, 1, 9]})
    >>> checked_rows(table, "mine")["attack_id"].to_list()
    [None, None, None, 'a']
    >>> checked_rows(table.rename({"attack": "atack"}), "mine")
    Traceback (most recent call last):
    ...
    rtml.errors.MissingError: mine: no column 'attack'; did you mean 'atack'?
    """
    rows = labelled(table, where, _REQUIRED)
    features = _features(table)
    if not features:
        raise MissingError(
            f"{where}: no feature: number columns named family.feature are wanted, as calls.read"
        )
    numbers = table.select(pl.col(features).cast(pl.Float64, strict=False))
    rows = _early(pl.concat([rows, numbers], how="horizontal"), where, early)
    _refuse_roles(rows, where)
    return rows


def labelled(table: pl.DataFrame, where: str, required: Iterable[str]) -> pl.DataFrame:
    """Return `KEYS` of a table: labels as numbers, absent keys filled, attacks with an id each."""
    for name in required:
        if name not in table.columns:
            raise MissingError(f"{where}: no column {name!r}; {did_you_mean(name, table.columns)}")
    keys = table.select(name for name in KEYS if name in table.columns)
    if "attack" in keys.columns:
        keys = keys.with_columns(_labels(keys["attack"], where))
    try:
        keys = keys.with_columns(pl.col(name).cast(KEYS[name]) for name in keys.columns)
    except pl.exceptions.PolarsError as error:
        raise RtmlError(f"{where}: a column has the wrong type ({str(error).splitlines()[0]})") from error
    absent = [pl.lit(None, KEYS[name]).alias(name) for name in KEYS if name not in keys.columns]
    keys = keys.with_columns(absent).select(KEYS.names())
    if keys["group"].null_count():
        raise RtmlError(
            f"{where}: {keys['group'].null_count()} rows have no group: the run or host they are of"
        )
    own = pl.when(pl.col("attack") == 1).then(pl.coalesce("attack_id", "group"))
    return keys.with_columns(pl.col("part").fill_null("all"), attack_id=own)


def _labels(labels: pl.Series, where: str) -> pl.Series:
    if labels.dtype != pl.Boolean and not labels.dtype.is_numeric():
        odd = labels.drop_nulls().head(1).to_list()
        raise RtmlError(f"{where}: attack must be 0, 1 or null, not {odd[0] if odd else labels.dtype}")
    numbers = labels.cast(pl.Float64)
    strange = numbers.filter(numbers.is_not_null() & ~numbers.is_in([0.0, 1.0]))
    if len(strange):
        raise RtmlError(f"{where}: attack must be 0, 1 or null, not {strange[0]:g}")
    return numbers.cast(pl.Int8).alias("attack")


def _features(table: pl.DataFrame) -> list[str]:
    dotted = [name for name, kind in table.schema.items() if "." in name and kind.is_numeric()]
    return sorted({*dotted, *feature_columns(table)})


def one_of_roles(rows: pl.DataFrame, where: str) -> None:
    """Raise when a row's role is none of `ROLES`."""
    odd = rows.filter(~pl.col("role").is_in(ROLES).fill_null(False))["role"]
    if len(odd):
        raise RtmlError(f"{where}: {len(odd)} rows have the role {odd[0]!r}; known: {', '.join(ROLES)}")


def _early(rows: pl.DataFrame, where: str, early: Early) -> pl.DataFrame:
    one_of_roles(rows, where)
    attacked = (pl.col("role") != "test") & (pl.col("attack") == 1).fill_null(False)
    number = rows.filter(attacked).height
    if number and early == "refuse":
        raise RtmlError(
            f"{where}: {number} rows of training or calibration are labelled as attacks;"
            " take them out, or say early_attacks: leave out (or keep)"
        )
    return rows.filter(~attacked) if early == "leave out" else rows


def _refuse_roles(rows: pl.DataFrame, where: str) -> None:
    """Refuse a part without rows to learn from, to calibrate or to judge, and a test without benign rows."""
    for (part,), of_part in rows.partition_by("part", as_dict=True, maintain_order=True).items():
        of = "" if part == "all" else f" of part {part!r}"
        for role in ROLES:
            if of_part.filter(pl.col("role") == role).is_empty():
                raise RtmlError(f"{where}: no row{of} has the role {role}; every part needs all three")
    test = rows.filter(pl.col("role") == "test")["attack"]
    if not (test == 0).any():
        raise RtmlError(
            f"{where}: the test has no benign row ({int((test == 1).sum())} attack rows):"
            " nothing could be false, so nothing can be judged"
        )
