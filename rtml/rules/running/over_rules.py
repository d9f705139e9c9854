"""Rules over the matches of other rules, with the account of each.

A condition that more events can only fulfil (``gte``, ``gt``) holds from the event on that fulfils it: in
the time before it, as long as the timespan. One that more events can break (``eq``, ``lt``, ``lte``, ``not``,
every mean and percentile) is asked of whole time frames only: into which no further event fits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl

from rtml.captures.store import Capture
from rtml.rules.account import HITS, TABLE, Evaluation, account
from rtml.rules.language.contract import Rule
from rtml.rules.language.inputs import KEYS, rule_inputs
from rtml.rules.language.over_rules import MEASURED, Leaf, OverRules, Part, can_hold, has_not
from rtml.rules.running.measures import average, percentile, total
from rtml.rules.running.together import together
from rtml.rules.running.windows import completes, in_order, whole, within
from rtml.schema import IDENTITY, empty
from rtml.text import visible

__all__ = ["count_matches", "inner_rules"]

_EVENT = ["host", "seq"]


def inner_rules(rules: Sequence[OverRules]) -> tuple[dict[str, Rule], list[OverRules]]:
    """Return what rules over rules are made of: rules of single events by id, and rules over rules.

    The latter hold ``rules`` too, each behind what it is made of.
    """
    single: dict[str, Rule] = {}
    ordered: dict[str, OverRules] = {}
    waiting = [*reversed(rules)]
    while waiting:
        rule = waiting.pop()
        inner = [part.rule for part in rule.parts if isinstance(part.rule, OverRules)]
        ahead = [one for one in inner if one.id not in ordered]
        if rule.id in ordered:
            continue
        if ahead:
            waiting += [rule, *ahead]
            continue
        single |= {part.rule.id: part.rule for part in rule.parts if not isinstance(part.rule, OverRules)}
        single |= {leaf.rule.id: leaf.rule for part in rule.parts for leaf in part.leaves}
        ordered[rule.id] = rule
    return single, list(ordered.values())


def count_matches(capture: Capture, rules: Sequence[OverRules], parts: Evaluation) -> Evaluation:
    """Run rules over the matches of others.

    Parameters
    ----------
    capture
        Where the matches come from.
    rules
        Ids must be unique; each behind the rules over rules that are its parts (`inner_rules`).
    parts
        Hits and account of at least all rules of single events that are parts of these.

    Returns
    -------
    Hits with ``entry``: the values of the keys. Events in which a key is absent belong to no group; a
    rule too few of whose parts could match could not match itself, and the account says why.
    """
    done: list[Evaluation] = []
    hits, table = parts.hits.select(HITS.names()), parts.table
    for rule in rules:
        one = _evaluated(capture, rule, Evaluation(hits, table))
        hits, table = pl.concat([hits, one.hits.select(HITS.names())]), pl.concat([table, one.table])
        done.append(one)
    found = [_nothing(), *(evaluation.hits for evaluation in done)]
    return Evaluation(pl.concat(found), pl.concat([empty(TABLE), *(one.table for one in done)]))


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
    never = [_never(capture, leaf) for leaf in part.leaves]
    if not all(never):
        return None
    return f"{title}: always null here: {', '.join(sorted({name for names in never for name in names}))}"


def _never(capture: Capture, leaf: Leaf) -> list[str]:
    """Return the keys and values of a leaf that no event has."""
    names = sorted({*leaf.keys, *leaf.values})
    if not names:
        return []
    events = rule_inputs(capture, leaf.rule.kinds, leaf.rule.where, names)
    there = events.select(pl.col(f"in:{name}").is_not_null().any() for name in names).collect()
    return [name for name in names if not there[f"in:{name}"][0]]


def _why_not(rule: OverRules, reasons: dict[int, str]) -> str | None:
    """Return the reasons where the parts that can match are too few."""
    left = [number for number in range(len(rule.parts)) if number not in reasons]
    if rule.counted == "order":
        enough = {rule.places[number] for number in left} == set(rule.places)
    elif rule.counted == "which":
        enough = can_hold(rule.which, left)
    elif rule.counted == "rules":
        most = pl.DataFrame({"counted": [len(left)]})
        lower = [bound for bound in rule.bounds if bound.is_lower or bound.how == "=="]
        floors = [completes(">=" if b.how == "==" else b.how, b.number) for b in lower]
        enough = bool(left) and all(most.select(floor).item() for floor in floors)
    else:
        enough = bool(left)
    return None if enough else "; ".join(dict.fromkeys(reasons.values()))


def _hits(capture: Capture, rule: OverRules, hits: pl.DataFrame) -> pl.DataFrame:
    parts = [
        _matches(capture, part, leaf, hits).with_columns(step=pl.lit(number))
        for number, part in enumerate(rule.parts)
        for leaf in part.leaves
    ]
    rows = pl.concat(parts, how="vertical_relaxed").unique(maintain_order=True)
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


def _matches(capture: Capture, part: Part, leaf: Leaf, hits: pl.DataFrame) -> pl.DataFrame:
    """Hits of a part that a leaf tells of, with keys and values; those without one of them count nowhere."""
    of = {
        rule.id: hits.lazy().filter(pl.col("rule") == rule.id).select(_EVENT)
        for rule in (part.rule, leaf.rule)
    }
    matched = of[part.rule.id].unique()
    if leaf.rule.id != part.rule.id:
        matched = matched.join(of[leaf.rule.id].unique(), on=_EVENT, how="semi")
    events = rule_inputs(capture, leaf.rule.kinds, leaf.rule.where, {*leaf.keys, *leaf.values})
    found = events.join(matched, on=_EVENT, how="semi").select(
        *dict.fromkeys([*KEYS, *IDENTITY]),
        *(pl.col(f"in:{name}").cast(pl.String).alias(f"key{i}") for i, name in enumerate(leaf.keys)),
        *(pl.col(f"in:{name}").cast(pl.String).alias(f"value{i}") for i, name in enumerate(leaf.values)),
    )
    wanted = [f"key{i}" for i in range(len(leaf.keys))] + [f"value{i}" for i in range(len(leaf.values))]
    typed = found.with_columns(pl.col(name).cast(pl.String) for name in IDENTITY)
    return typed.drop_nulls([*wanted, "time"]).collect()


def _completing(rule: OverRules, rows: pl.DataFrame) -> pl.DataFrame:
    span = rule.span // dt.timedelta(microseconds=1) * 1000
    if rule.counted == "order":
        placed = rows.with_columns(step=pl.col("step").replace_strict(dict(enumerate(rule.places))))
        return _ordered(placed, len(set(rule.places)), span)
    if rule.counted == "which":
        plain = rows.select("group", "step", time=_NANOSECONDS)
        held = together(plain, span, rule.which)
        return rows.filter(held & whole(plain, span) if has_not(rule.which) else held)
    if rule.counted in MEASURED:
        rows = rows.unique(["group", *_EVENT, "value0"], maintain_order=True)
    if rule.counted == "events":
        rows = rows.unique(["group", *_EVENT])
    weighed = _weighed(rule, rows)
    rows = rows.with_columns(counted=_counted(rule, weighed, span))
    grows = rule.counted not in ("average", "percentile") and all(bound.is_lower for bound in rule.bounds)
    rows = rows if grows else rows.filter(whole(weighed, span))
    return rows.filter(completes(bound.how, bound.number) for bound in rule.bounds)


def _counted(rule: OverRules, weighed: pl.DataFrame, span: int) -> pl.Series:
    if rule.counted == "sum":
        return total(weighed, span)
    if rule.counted == "average":
        return average(weighed, span)
    if rule.counted == "percentile":
        return percentile(weighed, span, rule.percentile)
    return within(weighed, span)


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
    weight = rows["count"].fill_null(1).cast(pl.Int64)
    if rule.counted == "events":
        return one.with_columns(value=pl.int_range(pl.len()), weight=weight)
    if rule.counted in MEASURED:
        return one.with_columns(value=rows["value0"].cast(pl.Int64), weight=weight)
    columns = [name for name in rows.columns if name.startswith("value")]
    values = rows.select(columns).unique(maintain_order=True).with_row_index("number")
    return one.with_columns(value=rows.join(values, on=columns, how="left", maintain_order="left")["number"])
