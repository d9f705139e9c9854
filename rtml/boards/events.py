"""A set of captures with roles and labels of single events: process trees to learn, events to judge.

Models see trees, minute by minute (`rtml.features`); an event has the score of its tree's window. The
baseline is learnt from the training captures alone; calibration and test rows are compared with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from rtml import features
from rtml.boards.event_sides import first_seen, rules
from rtml.boards.material import TARGET, Material, Part
from rtml.captures import Capture, open_captures
from rtml.captures.joining import SEQ_SHIFT, JoinedCapture
from rtml.datasets.card import Card, SpanFacts
from rtml.datasets.preparing import LABELS
from rtml.errors import RtmlError
from rtml.reading.parquet import read_parquet
from rtml.times import Window

__all__ = ["KEY", "of_events"]

KEY = ["container_id", "window", "process_id"]
"""What names a row: a process tree (its lineage root; 0: no known process) in a window of a container."""

_UTC = pl.Datetime("ns", "UTC")
_BLOCKS = 8


def of_events(folder: Path, card: Card) -> Material:
    """Turn a prepared set of captures into trees to learn and to judge, and the events to judge them by.

    Raises
    ------
    RtmlError
        A role has no capture or no window, or no labelled event lies in the test.
    """
    every = Window.of(card.every)
    spans = {span.role: span for span in card.spans}
    missing = [role for role in ("train", "calibrate", "test") if role not in spans]
    if missing:
        raise RtmlError(f"{folder}: no capture has the role {missing[0]}")
    opened = {role: open_captures([folder / name for name in span.captures]) for role, span in spans.items()}
    early, baseline = features.prequential(
        opened["train"], None, _BLOCKS, None, every, spans["train"].start, spans["train"].end, "tree"
    )
    later = {
        role: features.windows(
            opened[role], baseline, None, every, None, spans[role].start, spans[role].end, "tree"
        )
        for role in ("calibrate", "test")
    }
    _refuse_empty({"train": early, **later}, folder)
    events = _events(opened["test"], spans["test"], every, read_parquet(folder / LABELS))
    placed, test = _placed(events, _keyed(later["test"]))
    part = Part(_as_benign(early), _as_benign(later["calibrate"]), test)
    outside = placed["place"].null_count()
    notes = [f"{test.height:,} rows hold the {placed.height:,} events: scores move in as many steps"]
    if outside:
        notes.append(f"{outside:,} events lie in no container: nobody flags them")
    extras = [rules(opened["test"], test, every), first_seen(opened, spans, test, every)]
    return Material([part], None, placed.select("place", *TARGET), extras, notes)


def _refuse_empty(tables: dict[str, pl.DataFrame], folder: Path) -> None:
    for role, table in tables.items():
        if table.is_empty():
            raise RtmlError(f"{folder}: no window of a container has the role {role}")


def _keyed(trees: pl.DataFrame) -> pl.DataFrame:
    return trees.with_columns(pl.col("process_id").fill_null(0))


def _as_benign(trees: pl.DataFrame) -> pl.DataFrame:
    """Nobody labels the time that is learnt and calibrated on."""
    return _keyed(trees).with_columns(
        part=pl.lit("all"), group="container_id", attack=pl.lit(0, pl.Int8), attack_id=pl.lit(None, pl.String)
    )


def _events(capture: Capture, span: SpanFacts, every: Window, labels: pl.DataFrame) -> pl.DataFrame:
    """Return the events of the test, each with its row's key and its label."""
    strings = pl.col("host", "container_id").cast(pl.String)
    known = capture.processes().select("host", "process_id", "root_id").collect()
    roots = known.group_by(pl.col("host").cast(pl.String), "process_id").agg(pl.col("root_id").min())
    events = capture.events(["host", "seq", "time", "container_id", "process_id"]).with_columns(strings)
    if span.start is not None:
        events = events.filter(pl.col("time") >= pl.lit(span.start, _UTC))
    if span.end is not None:
        events = events.filter(pl.col("time") < pl.lit(span.end, _UTC))
    rooted = events.collect().join(roots, on=["host", "process_id"], how="left", maintain_order="left")
    marks = _shifted(labels, capture).select("host", "seq", "attack", "attack_id")
    marked = rooted.join(marks, on=["host", "seq"], how="left", maintain_order="left")
    return marked.select(
        "container_id",
        every.start("time").alias("window"),
        pl.coalesce("root_id", "process_id").fill_null(0).alias("process_id"),
        part=pl.lit("all"),
        group=pl.coalesce("container_id", "host"),
        attack=pl.col("attack").fill_null(0),
        attack_id="attack_id",
    )


def _shifted(labels: pl.DataFrame, capture: Capture) -> pl.DataFrame:
    """Give labels the ``seq`` that their events have where captures are read as one; those of others go."""
    parts: Sequence[Capture] = capture.parts if isinstance(capture, JoinedCapture) else [capture]
    shifts = {Path(part.path).name: number * SEQ_SHIFT for number, part in enumerate(parts)}
    here = labels.filter(pl.col("capture").is_in(list(shifts)))
    return here.with_columns(pl.col("seq") + pl.col("capture").replace_strict(shifts, return_dtype=pl.Int64))


def _placed(events: pl.DataFrame, trees: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tell events the number of their row, and rows whether they hold a labelled event."""
    numbered = trees.with_row_index("place")
    placed = events.join(numbered.select("place", *KEY), on=KEY, how="left", maintain_order="left")
    attacks = placed.filter(pl.col("attack") == 1).drop_nulls("place")
    first = attacks.unique("place", keep="first", maintain_order=True).select("place", "attack", "attack_id")
    marked = numbered.join(first, on="place", how="left", maintain_order="left")
    rows = marked.with_columns(pl.col("attack").fill_null(0), part=pl.lit("all"), group="container_id")
    return placed, rows.drop("place")
