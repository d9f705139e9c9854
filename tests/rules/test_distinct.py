"""Distinct inputs first, lineage by number: the same hits as every rule on every event."""

from __future__ import annotations

from itertools import groupby

import polars as pl

from rtml.captures import Capture
from rtml.rules import Rule, evaluate, load_pack
from rtml.rules.falco.loading import load_falco
from rtml.rules.language.columns import WHERE
from rtml.rules.language.inputs import input_of
from rtml.rules.language.lineage import lineage
from rtml.rules.language.masks import masks
from tests.conftest import SHARED

Pairs = set[tuple[str, int, str]]


def event_by_event(capture: Capture, rules: list[Rule]) -> Pairs:
    """Run each rule over all events with all texts joined, as one would without the thought."""
    images = lineage(capture.processes()).sort("since").drop("host", "image_seq")
    named = lineage(capture.processes()).drop("process_id", "since").drop_nulls("image_seq")
    found: Pairs = set()
    key = lambda rule: (sorted(rule.kinds), rule.where)  # noqa: E731
    for (kinds, where), members in groupby(sorted(rules, key=key), key):
        events = capture.events(kinds=kinds).filter(
            WHERE[where][1],
            pl.col("container_id").is_not_null(),
            ~pl.col("container_id").cast(pl.String).is_in(capture.infrastructure()),
        )
        if kinds == ["exec"]:
            events = events.with_columns(pl.col("host").cast(pl.String)).join(
                named, left_on=["host", "seq"], right_on=["host", "image_seq"], how="left"
            )
        else:
            events = events.sort("time").join_asof(
                images, left_on="time", right_on="since", by="process_id", check_sortedness=False
            )
        rows = events.collect()
        group = list(members)
        columns = sorted(frozenset().union(*(rule.columns for rule in group)))
        marks = masks(rows.select(input_of(name).alias(name) for name in columns), group)
        for rule in group:
            hit = rows.filter(marks[rule.id]).select(pl.col("host").cast(pl.String), "seq")
            found |= {(host, seq, rule.id) for host, seq in hit.iter_rows()}
    return found


def test_hits_are_those_of_every_rule_on_every_event(lab):
    rules = load_pack()[0]
    falco = SHARED / "rules/falco"
    if falco.is_dir():  # many more columns, ancestors above all
        rules = [*rules, *load_falco([falco])[0]]
    rules = [rule for rule in rules if rule.kinds]
    hits = evaluate(lab, rules).hits
    assert not hits.select("host", "seq", "rule").is_duplicated().any()
    got = set(hits.select("host", "seq", "rule").iter_rows())
    assert len(got) > 500
    assert got == event_by_event(lab, rules)
