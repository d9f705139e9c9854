"""Rules over the matches of other rules, with the account of each.

A condition that more events can only fulfil (``gte``, ``gt``) holds from the event on that fulfils it: in
the time before it, as long as the timespan. One that more events can break (``eq``, ``lt``, ``lte``) is
asked of whole time frames only: into which no further event fits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.account import HITS, TABLE, Evaluation, account
from rtml.rules.language.inputs import KEYS, rule_inputs
from rtml.rules.language.over_rules import OverRules, Part
from rtml.rules.running.windows import completes, in_order, whole, within
from rtml.schema import IDENTITY
from rtml.text import visible

__all__ = ["count_matches"]

_EVENT = ["host", "seq"]


def count_matches(capture: Capture, rules: Sequence[OverRules], parts: Evaluation) -> Evaluation:
    """Run rules over the matches of others.

    Parameters
    ----------
    capture
        Where the matches come from.
    rules
        Ids must be unique.
    parts
        Hits and account of at least all rules that are parts of these.

    Returns
    -------
    Hits with ``entry``: the values of the keys. Events in which a key is absent belong to no group; a
    rule too few of whose parts could match could not match itself, and the account says why.
    """
    done = [_evaluated(capture, rule, parts) for rule in rules]
    hits = [_nothing(), *(evaluation.hits for evaluation in done)]
    return Evaluation(pl.concat(hits), pl.concat([TABLE.to_frame(), *(one.table for one in done)]))


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={**HITS, "entry": pl.String})


def _evaluated(capture: Capture, rule: OverRules, parts: Evaluation) -> Evaluation:
    rows = parts.table.filter(pl.col("rule").is_in([part.rule.id for part in rule.parts]))
    reasons = {i: why for i, part in enumerate(rule.parts) if (why := _missing(capture, part, rows))}
    why_not = _why_not(rule, reasons)
    hits = _nothing() if why_not else _hits(capture, rule, parts.hits)
    table = account(capture, [rule], hits, int(rows["events"].sum()), frozenset()).with_columns(
        could_match=pl.lit(why_not is None),
        why_not=pl.lit(why_not or (f"partly: {'; '.join(reasons.values())}" if reasons else None), pl.String),
    )
    return Evaluation(hits, table)


def _missing(capture: Capture, part: Part, table: pl.DataFrame) -> str | None:
    """Say why nothing of this part can count."""
    row = table.filter(pl.col("rule") == part.rule.id).row(0, named=True)
    title = f"its rule {part.rule.title!r}"
    if not row["could_match"]:
        return f"{title}: {row['why_not']}"
    names = sorted({*part.keys, *part.values})
    if not names:
        return None
    events = rule_inputs(capture, part.rule.kinds, part.rule.where, names)
    there = events.select(pl.col(f"in:{name}").is_not_null().any() for name in names).collect()
    never = [name for name in names if not there[f"in:{name}"][0]]
    return f"{title}: always null here: {', '.join(never)}" if never else None


def _why_not(rule: OverRules, reasons: dict[int, str]) -> str | None:
    """Return the reasons where the parts that can match are too few."""
    left = len(rule.parts) - len(reasons)
    if rule.counted == "order":
        enough = not reasons
    elif rule.counted == "rules":
        most = pl.DataFrame({"counted": [left]})
        lower = [bound for bound in rule.bounds if bound.is_lower or bound.how == "=="]
        floors = [completes(">=" if b.how == "==" else b.how, b.number) for b in lower]
        enough = left > 0 and all(most.select(floor).item() for floor in floors)
    else:
        enough = left > 0
    return None if enough else "; ".join(dict.fromkeys(reasons.values()))


def _hits(capture: Capture, rule: OverRules, hits: pl.DataFrame) -> pl.DataFrame:
    rows = pl.concat([_matches(capture, part, i, hits) for i, part in enumerate(rule.parts)])
    keys = [f"key{i}" for i in range(len(rule.fields))]
    groups = rows.select(keys).unique(maintain_order=True).with_row_index("group") if keys else None
    rows = rows.with_columns(group=0) if groups is None else rows.join(groups, on=keys)
    rows = _completing(rule, rows)
    names = [pl.format("{} {}", pl.lit(f), k) for f, k in zip(rule.fields, keys, strict=True)]
    entry = pl.concat_str(names, separator=", ") if names else pl.lit(None, pl.String)
    found = rows.with_columns(entry=entry, rule=pl.lit(rule.id), root_id=None)
    shown = {text: visible(text) for text in found["entry"].drop_nulls().unique()}
    return (
        found.with_columns(pl.col("entry").replace_strict(shown, return_dtype=pl.String))
        .sort("time", *_EVENT, "entry")
        .unique(_EVENT, keep="first", maintain_order=True)
        .select(pl.col(name).cast(kind) for name, kind in _nothing().schema.items())
    )


def _matches(capture: Capture, part: Part, step: int, hits: pl.DataFrame) -> pl.DataFrame:
    """Events that matched a part, with their keys and values; those without one of them count nowhere."""
    matched = hits.lazy().filter(pl.col("rule") == part.rule.id).select(_EVENT).unique()
    events = rule_inputs(capture, part.rule.kinds, part.rule.where, {*part.keys, *part.values})
    found = events.join(matched, on=_EVENT, how="semi").select(
        *dict.fromkeys([*KEYS, *IDENTITY]),
        *(pl.col(f"in:{name}").cast(pl.String).alias(f"key{i}") for i, name in enumerate(part.keys)),
        *(pl.col(f"in:{name}").cast(pl.String).alias(f"value{i}") for i, name in enumerate(part.values)),
        step=pl.lit(step),
    )
    wanted = [f"key{i}" for i in range(len(part.keys))] + [f"value{i}" for i in range(len(part.values))]
    typed = found.with_columns(pl.col(name).cast(pl.String) for name in IDENTITY)
    return typed.drop_nulls([*wanted, "time"]).collect()


def _completing(rule: OverRules, rows: pl.DataFrame) -> pl.DataFrame:
    span = rule.span // dt.timedelta(microseconds=1) * 1000
    if rule.counted == "order":
        return _ordered(rows, len(rule.parts), span)
    if rule.counted == "events":
        rows = rows.unique(["group", *_EVENT])
    weighed = _weighed(rule, rows)
    rows = rows.with_columns(counted=within(weighed, span))
    rows = rows if all(bound.is_lower for bound in rule.bounds) else rows.filter(whole(weighed, span))
    return rows.filter(completes(bound.how, bound.number) for bound in rule.bounds)


def _ordered(rows: pl.DataFrame, steps: int, span: int) -> pl.DataFrame:
    places = rows.select("time", *_EVENT).unique().sort("time", *_EVENT).with_row_index("at")
    placed = rows.join(places, on=["time", *_EVENT], how="left", maintain_order="left").with_row_index("_row")
    last = in_order(placed.select("_row", "group", "step", "at", time=_NANOSECONDS), steps, span)
    return placed.join(last.select("_row"), on="_row", how="semi")


_NANOSECONDS = pl.col("time").dt.timestamp("ns")


def _weighed(rule: OverRules, rows: pl.DataFrame) -> pl.DataFrame:
    """Give each row its value: itself, its rule, or what stands in the counted columns."""
    one = rows.select("group", time=_NANOSECONDS, value="step", weight=1)
    if rule.counted == "rules":
        return one
    if rule.counted == "events":
        weight = rows["count"].fill_null(1).cast(pl.Int64)
        return one.with_columns(value=pl.int_range(pl.len()), weight=weight)
    columns = [name for name in rows.columns if name.startswith("value")]
    values = rows.select(columns).unique(maintain_order=True).with_row_index("number")
    return one.with_columns(value=rows.join(values, on=columns, how="left", maintain_order="left")["number"])
