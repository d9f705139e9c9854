"""Try rules on single events: the examples in their files, and events made up by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rtml.rules.language.columns import LINEAGE, TYPES, WHERE
from rtml.rules.language.contract import Rule
from rtml.rules.language.inputs import input_of
from rtml.rules.language.masks import masks
from rtml.schema import conform
from rtml.text import SEPARATOR

__all__ = ["failures", "matches"]


def matches(rule: Rule, events: Sequence[Mapping[str, Any]]) -> list[bool]:
    """Tell which events the rule matches.

    Parameters
    ----------
    rule
        Any rule.
    events
        Columns of the event table (of the audit table too), and ``parent_image``,
        ``parent_cmdline``, ``ancestors`` (list, nearest first). Without a ``kind`` an event is of
        the rule's first kind.

    Examples
    --------
    >>> from rtml.rules import load_pack
    >>> rules = {rule.title: rule for rule in load_pack("container")[0]}
    >>> matches(rules["Memory of another process written"], [{"kind": "vm_write"}])
    [True]
    """
    rows = [{"kind": rule.kinds[0], "final": True, **event} for event in events]
    frame = _frame(rows)
    inputs = frame.select(input_of(name).alias(name) for name in sorted(rule.columns))
    considered = frame.select(
        pl.col("kind").cast(pl.String).is_in(rule.kinds) & WHERE[rule.where][1]
    ).to_series()
    return (masks(inputs, [rule])[rule.id] & considered).to_list()


def failures(rule: Rule) -> list[str]:
    """List the examples in the rule's file that it gets wrong; empty is good.

    Every rule of ours needs at least one event that it must match and one that it must ignore.
    """
    wrong = []
    for name, expected in (("match", True), ("ignore", False)):
        events = rule.examples.get(name, [])
        if not events:
            wrong.append(f"no example to {name}")
            continue
        for event, got in zip(events, matches(rule, events), strict=True):
            if got is not expected:
                wrong.append(f"should {name}: {dict(event)}")
    return wrong


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    allowed = {*TYPES, *LINEAGE}
    unknown = {name for row in rows for name in row} - allowed
    if unknown:
        raise KeyError(f"examples name columns that events do not have: {sorted(unknown)}")
    types: dict[str, Any] = {**TYPES, **dict.fromkeys(LINEAGE, pl.String)}
    types["ancestors"] = pl.List(pl.String)
    plain = {name: pl.String if kind == pl.Categorical else kind for name, kind in types.items()}
    columns = {name: [row.get(name) for row in rows] for name in plain}
    frame = pl.DataFrame(columns, schema=plain)
    lineage = frame.select("parent_image", "parent_cmdline", pl.col("ancestors").list.join(SEPARATOR))
    return conform(frame, TYPES).with_columns(lineage.get_columns())
