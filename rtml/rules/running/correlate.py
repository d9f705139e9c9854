"""Run correlations over a capture, with the account of each."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from rtml.captures.store import Capture
from rtml.progress import steps
from rtml.rules.account import HITS, Evaluation, account, no_events
from rtml.rules.correlations.contract import Correlation, Step
from rtml.rules.language.inputs import RAW, rule_inputs
from rtml.text import visible

__all__ = ["correlate"]

_FIRST = 1_000
"""Events of a kind that are looked at before all of them are."""


def correlate(capture: Capture, correlations: Sequence[Correlation]) -> Evaluation:
    """Run correlations.

    Parameters
    ----------
    capture
        Infrastructure containers and host processes are not looked at.
    correlations
        Ids must be unique.

    Returns
    -------
    Hits are `rtml.rules.account.HITS` with ``entry``, each event once for each correlation. A
    correlation one of whose steps has no event, or a column that is always null, could not match;
    the account says which.
    """
    seen = _seen(capture, correlations)
    missing = [_reason(capture, correlation, seen) for correlation in correlations]
    ordered = steps(correlations, "correlating", "correlations")
    hits = [
        _hits(correlation, capture)
        for correlation, reason in zip(ordered, missing, strict=True)
        if reason is None
    ]
    whole = pl.concat([_empty(), *hits])
    return Evaluation(whole, _account(capture, correlations, whole, seen, missing))


def _empty() -> pl.DataFrame:
    return pl.DataFrame(schema={**HITS, "entry": pl.String})


def _seen(capture: Capture, correlations: Sequence[Correlation]) -> pl.DataFrame:
    """Per kind: how many ``events``, and whether each column that a step reads of it is ever there."""
    asked: dict[str, set[str]] = {}
    for step in (step for correlation in correlations for step in correlation.steps):
        for kind in step.kinds:
            asked.setdefault(kind, set()).update(step.columns)
    weight = pl.col("count").fill_null(1).sum().cast(pl.Int64).alias("events")
    rows = rule_inputs(capture, sorted(asked), "", [], ["kind"]).group_by(kind=f"{RAW}kind").agg(weight)
    counted = rows.collect(engine="streaming").cast({"kind": pl.String})
    there = {kind: _there(capture, kind, asked[kind]) for kind in counted["kind"]}
    columns = sorted(set().union(*asked.values()))
    seen = {name: [name in there[kind] for kind in counted["kind"]] for name in columns}
    return counted.with_columns(pl.Series(name, values, pl.Boolean) for name, values in seen.items())


def _there(capture: Capture, kind: str, columns: set[str]) -> set[str]:
    """Return which columns events of a kind ever have: what the first ones have is not looked for in all."""
    found: set[str] = set()
    for most in (_FIRST, None):
        names = sorted(columns - found)
        if not names:
            break
        rows = rule_inputs(capture, [kind], "", names)
        some = rows if most is None else rows.head(most)
        told = some.select(pl.col(f"in:{name}").is_not_null().any().alias(name) for name in names)
        first = told.collect(engine="streaming").row(0, named=True)
        found |= {name for name in names if first[name]}
    return found


def _reason(capture: Capture, correlation: Correlation, seen: pl.DataFrame) -> str | None:
    """Say why a correlation cannot match; None where it can."""
    return next(filter(None, (_missing(capture, step, seen) for step in correlation.steps)), None)


def _account(
    capture: Capture,
    correlations: Sequence[Correlation],
    hits: pl.DataFrame,
    seen: pl.DataFrame,
    missing: Sequence[str | None],
) -> pl.DataFrame:
    weights = dict(seen.select("kind", "events").rows())
    events = [sum(weights.get(kind, 0) for kind in correlation.kinds) for correlation in correlations]
    table = account(capture, list(correlations), hits, 0, frozenset())
    return table.with_columns(
        pl.Series("events", events, pl.Int64),
        could_match=pl.Series([reason is None for reason in missing], dtype=pl.Boolean),
        why_not=pl.Series(missing, dtype=pl.String),
    )


def _missing(capture: Capture, step: Step, seen: pl.DataFrame) -> str | None:
    rows = seen.filter(pl.col("kind").is_in(step.kinds))
    if rows.is_empty():
        return no_events(capture, step.kinds)
    never = [name for name in step.columns if not rows[name].any()]
    return f"always null here: {', '.join(never)}" if never else None


def _hits(correlation: Correlation, capture: Capture) -> pl.DataFrame:
    events = (
        correlation.find(capture)
        .with_columns(rule=pl.lit(correlation.id), root_id=pl.lit(None, pl.Int64))
        .collect()
    )
    if "entry" not in events.columns:
        events = events.with_columns(entry=pl.lit(None, pl.String))
    shown = {text: visible(text) for text in events["entry"].drop_nulls().unique()}
    return (
        events.with_columns(pl.col("entry").replace_strict(shown, return_dtype=pl.String))
        .sort("time", "host", "seq", "entry")
        .unique(["host", "seq"], keep="first", maintain_order=True)
        .select(pl.col(name).cast(kind) for name, kind in _empty().schema.items())
    )
