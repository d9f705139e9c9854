"""What follows what: events of a capture joined in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import polars as pl

from rtml.asof import asof
from rtml.captures.store import Capture
from rtml.once import once
from rtml.rules.language.inputs import KEYS, rule_inputs
from rtml.schema import IDENTITY

__all__ = ["ORDER", "WRITE_KINDS", "completed", "family", "followed", "observed", "written"]

WRITE_KINDS = ("create", "write", "open", "rename", "link")
"""Kinds of event that can put content under a path."""

ORDER = ("time", "host", "seq")
"""In time; events of one moment in a fixed order, so that results do not depend on files."""


def observed(capture: Capture, kinds: Iterable[str], columns: Iterable[str], where: str = "") -> pl.LazyFrame:
    """Events of workload containers with keys, identity and ``columns``, in no order.

    ``columns`` are those that rules may read (`rtml.rules.language.columns`), under their own names. Filter
    before sorting: most events are part of no sequence.
    """
    columns = sorted(columns)
    rows = rule_inputs(capture, kinds, where, columns)
    plain = rows.rename({f"in:{name}": name for name in columns})
    return plain.with_columns(pl.col("container_id").cast(pl.String))


def completed(rows: pl.LazyFrame, entry: pl.Expr | None = None) -> pl.LazyFrame:
    """Return the rows as hits: keys, identity, and ``entry`` where one is given."""
    extra = [] if entry is None else [entry.alias("entry")]
    return rows.select(*dict.fromkeys([*KEYS, *IDENTITY]), *extra)


def followed(
    first: pl.LazyFrame,
    then: pl.LazyFrame,
    by: Sequence[str],
    within: str,
    keep: Sequence[str] = (),
    rare: Literal["first", "then"] = "first",
) -> pl.LazyFrame:
    """Return the rows of ``then`` that come after a row of ``first`` with the same keys.

    Parameters
    ----------
    first, then
        With ``time`` and the columns ``by``; a null key matches nothing.
    by, within
        Keys, and the longest time between the two (``"60s"``).
    keep
        Columns of ``first`` that come along as ``first_NAME``, from the latest row that fits.
    rare
        Which of the two has fewer rows: it is read first, and of the other only what shares a key
        with it; where there is none, nothing.

    Examples
    --------
    >>> import datetime as dt
    >>> at = [dt.datetime(2026, 1, 1, 0, 0, s) for s in (1, 5, 50)]
    >>> rows = pl.LazyFrame({"time": at, "host": "h", "seq": [0, 1, 2], "p": [1, 1, 1]})
    >>> followed(rows.head(1), rows.tail(2), ["p"], "10s", ["seq"]).collect()["first_seq"].to_list()
    [0]
    """
    columns = [*by, "time", *(name for name in ("host", "seq") if name not in by)]
    first = first.drop_nulls(by).select(*dict.fromkeys([*columns, *keep]))
    then = then.drop_nulls(by)
    few = (first if rare == "first" else then).collect()
    if few.is_empty():
        first, then = first.clear(), then.clear()
    elif rare == "first":
        first, then = few.lazy(), _sharing(then, few, by)
    else:
        first, then = _sharing(first, few, by), few.lazy()
    before = first.sort(ORDER).select(
        *by, "time", _preceded=pl.lit(True), **{f"first_{name}": pl.col(name) for name in keep}
    )
    joined = asof(then.sort(ORDER), before, on="time", by=list(by), strategy="backward", tolerance=within)
    return joined.filter(pl.col("_preceded").is_not_null()).drop("_preceded")


def _sharing(rows: pl.LazyFrame, few: pl.DataFrame, by: Sequence[str]) -> pl.LazyFrame:
    """Return the rows that share all keys with one of a few.

    Numbers are looked at before anything else is made of the rows: so few are read that matter.
    """
    for name in by:
        if few.schema[name].is_integer():
            rows = rows.filter(pl.col(name).is_in(few[name].unique().implode()))
    return rows.join(few.lazy().select(by), on=by, how="semi")


def family(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Each row twice where it has a parent: ``kin`` is the process itself, then its parent."""
    return rows.with_columns(kin=pl.concat_list("process_id", "parent_id")).explode("kin")


def written(capture: Capture) -> pl.LazyFrame:
    """Files put under a path inside a container: ``host, container_id, path, writer`` and keys.

    Five correlations begin with them: within `rtml.once.keeping` they are read once.
    """
    return once(
        lambda: ("written", id(capture)), lambda: _written(capture).collect(engine="streaming")
    ).lazy()


def _written(capture: Capture) -> pl.LazyFrame:
    rows = observed(capture, WRITE_KINDS, ["kind", "outcome", "program", "target"], where="written")
    done = rows.filter(pl.col("outcome") >= 0).rename({"target": "path", "program": "writer"})
    return done.drop_nulls("path")
