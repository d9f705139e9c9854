"""What rules look at: the events of some kinds, with the columns that the rules read."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.language.columns import DERIVED, LINEAGE, LISTS, TYPES, WHERE, needs
from rtml.rules.language.lineage import with_lineage
from rtml.rules.language.rare import events_of
from rtml.schema import IDENTITY, POLARS
from rtml.text import SEPARATOR

__all__ = ["KEYS", "RAW", "blank", "input_of", "made_late", "rule_inputs"]

KEYS = ("host", "seq", "time", "container_id", "process_id", "count")
"""Columns that travel with every event so that hits can be told apart."""


RAW = "raw:"
"""Prefix of event columns as they are."""

_PUT_TOGETHER = ("program", "file", "target")


def made_late(name: str) -> bool:
    """Say whether a column is better made of distinct rows: texts that are put together, or numbered.

    Examples
    --------
    >>> made_late("program"), made_late("dst_ip"), made_late("cmdline"), made_late("error")
    (True, True, False, False)
    """
    if name in LISTS or name in LINEAGE or name in DERIVED:
        return name in _PUT_TOGETHER
    return isinstance(TYPES[name], pl.Categorical)


def rule_inputs(
    capture: Capture, kinds: Iterable[str], where: str, columns: Iterable[str], raw: Iterable[str] = ()
) -> pl.LazyFrame:
    """Events of workload containers, of some kinds, with the columns that rules read.

    Parameters
    ----------
    capture
        Containers of role ``infrastructure`` and host processes are left out; events of the
        Kubernetes audit log, which belong to no container, are not.
    kinds, where
        Kinds of event and a name of `WHERE`.
    columns
        Event columns, derived columns (`DERIVED`) and those of `LINEAGE`.
    raw
        Event columns that are wanted as they are.

    Returns
    -------
    ``KEYS``, the identity columns, ``columns`` with the prefix ``in:``, whose text is String, and ``raw``
    with the prefix `RAW`.
    """
    wanted, kinds, plain = sorted(set(columns)), sorted(kinds), sorted(set(raw))
    condition_needs, condition = WHERE[where]
    read = dict.fromkeys([*KEYS, *IDENTITY, "kind", *condition_needs, *needs(wanted), *plain])
    if kinds == ["audit"]:
        events = _audit_events(capture, read).filter(condition)
    else:
        rows = events_of(capture, list(read), kinds)
        events = rows.filter(pl.col("container_id").is_not_null() & condition)
    outside = capture.infrastructure()
    if outside:
        events = events.filter(~pl.col("container_id").is_in(outside))
    events = events.with_columns(pl.col("host").cast(pl.String))
    if LINEAGE & set(wanted):
        events = with_lineage(events, capture.processes(), wanted, only_execs=kinds == ["exec"])
    inputs = [input_of(name).alias(f"in:{name}") for name in wanted]
    inputs += [pl.col(name).alias(f"{RAW}{name}") for name in plain]
    return events.select(*dict.fromkeys([*KEYS, *IDENTITY]), *inputs)


def _audit_events(capture: Capture, columns: Iterable[str]) -> pl.LazyFrame:
    """Events of the Kubernetes audit log, with the columns of the audit table."""
    audit_names = [name for name in columns if name not in POLARS]
    names = [name for name in columns if name in POLARS]
    events = events_of(capture, names, ["audit"]).with_columns(pl.col("host").cast(pl.String))
    return events.join(capture.audit().select("host", "seq", *audit_names), on=["host", "seq"])


def input_of(name: str) -> pl.Expr:
    """Return the expression that yields a rule's column from event and lineage columns."""
    if name in DERIVED:
        return DERIVED[name].expression
    column = pl.col(name)
    if name in LISTS and name not in LINEAGE:
        return column.list.join(SEPARATOR)
    if name not in LINEAGE and isinstance(TYPES[name], pl.Categorical):
        return column.cast(pl.String)
    return column


def _type(name: str) -> pl.DataType | type[pl.DataType]:
    if name in DERIVED:
        return DERIVED[name].dtype
    if name in LINEAGE or name in LISTS or isinstance(TYPES[name], pl.Categorical):
        return pl.String
    return TYPES[name]


def blank(columns: Iterable[str]) -> pl.DataFrame:
    """One row of nulls with the types of these columns: to compile an expression against."""
    return pl.DataFrame({name: [None] for name in columns}, {name: _type(name) for name in columns})
