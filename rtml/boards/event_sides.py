"""Rules and the one-line rival on process trees and windows: what needs events and no threshold."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from rtml.arrays import Array
from rtml.boards.material import Extra
from rtml.captures import Capture
from rtml.datasets.card import SpanFacts
from rtml.findings.levels import LEVELS
from rtml.rules import FirstSeen
from rtml.rules.chosen import Chosen
from rtml.rules.running.run import run_all
from rtml.times import Window

__all__ = ["first_seen", "rules"]

_UTC = pl.Datetime("ns", "UTC")
_KEY = ["container_id", "window", "process_id"]


def rules(capture: Capture, trees: pl.DataFrame, every: Window) -> Extra:
    """Score trees by the gravest of our rules that matched in them; what matched is flagged."""
    ran = run_all(capture, Chosen(level="low"))
    severity = {rule.id: LEVELS[rule.level] for rule in ran.rules}
    hits = ran.hits.with_columns(score=pl.col("rule").replace_strict(severity, return_dtype=pl.Float64))
    blind = ran.evaluation.table.filter(~pl.col("could_match")).height
    note = f"our {len(ran.rules)} rules as they come; {blind} could not match what this sensor sees"
    return Extra("rules, default", "rules", _per_tree(hits, trees, every, pl.col("score").max()), note)


def first_seen(
    opened: Mapping[str, Capture], spans: Mapping[str, SpanFacts], trees: pl.DataFrame, every: Window
) -> Extra:
    """Score trees by how many programs ran in them for the first time in their image."""
    detector = FirstSeen(every)
    for role in ("train", "calibrate"):
        detector.learn(_within(detector.observe(opened[role]), spans[role]), trees)
    pair = ["image", "exe"]
    new = _within(detector.observe(opened["test"]), spans["test"]).join(detector.state, on=pair, how="anti")
    first = new.sort("time", "host", "seq").unique(pair, keep="first", maintain_order=True)
    note = f"first run of a program in an image; {detector.state.height} pairs known"
    return Extra("first seen", "rival", _per_tree(first, trees, every, pl.len().cast(pl.Float64)), note)


def _within(rows: pl.DataFrame, span: SpanFacts) -> pl.DataFrame:
    """Return the rows of a span's time; other captures of its role hold no other time."""
    start = pl.col("time") >= pl.lit(span.start, _UTC) if span.start is not None else pl.lit(True)
    end = pl.col("time") < pl.lit(span.end, _UTC) if span.end is not None else pl.lit(True)
    return rows.filter(start & end)


def _per_tree(hits: pl.DataFrame, trees: pl.DataFrame, every: Window, score: pl.Expr) -> Array:
    rows = hits.with_columns(
        pl.col("container_id").cast(pl.String),
        every.start("time").alias("window"),
        process_id=pl.col("root_id").fill_null(0),
    )
    scores = rows.group_by(_KEY).agg(score=score)
    placed = trees.select(_KEY).join(scores, on=_KEY, how="left", maintain_order="left")
    return placed["score"].fill_null(0.0).to_numpy()
