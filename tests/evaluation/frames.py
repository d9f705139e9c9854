"""Small seeded frames with a known truth; for testing the harness only, never a detection claim."""

import datetime as dt

import numpy as np
import polars as pl

from rtml.schema import FINDINGS, LABELS, conform

BEGIN = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
NS = pl.Datetime("ns", "UTC")


def at(minutes):
    """Return one moment, ``minutes`` after the beginning."""
    return BEGIN + minutes * MINUTE


def utc(minutes):
    """Return a series of moments in UTC nanoseconds."""
    return pl.Series([at(m) for m in minutes]).cast(NS)


def make_windows(containers=4, minutes=120):
    frames = [
        pl.DataFrame(
            {
                "container_id": [f"c{c}"] * minutes,
                "workload": [f"w{c}"] * minutes,
                "host": ["h1"] * minutes,
                "image": ["base:1"] * minutes,
                "window": utc(range(minutes)),
                "complete": [True] * minutes,
            }
        )
        for c in range(containers)
    ]
    return pl.concat(frames)


def make_labels(*rows, provenance="replay"):
    """Make labels from ``(attack_id, container_id, start minute, end minute, process_id)``."""
    names, containers, starts, ends, roots = zip(*rows, strict=True) if rows else [()] * 5
    return conform(
        pl.DataFrame(
            {
                "attack_id": names,
                "container_id": containers,
                "start": utc(starts),
                "end": utc(ends),
                "process_id": pl.Series(roots, dtype=pl.Int64),
                "name": [f"attack {n}" for n in names],
                "technique": ["T1059.004"] * len(names),
                "provenance": [provenance] * len(names),
            },
            schema_overrides={"attack_id": pl.String, "container_id": pl.String},
        ),
        LABELS,
    )


def make_finding(container="c0", first=0.0, last=None, **more):
    """Make one finding; times in minutes."""
    row = {
        "finding_id": "f",
        "source": "rule",
        "detector": "pack",
        "type": "T",
        "severity": 5.0,
        "container_id": container,
        "first_seen": at(first),
        "last_seen": at(first if last is None else last),
        "count": 1,
        "evidence": [],
    } | more
    return conform(pl.DataFrame([row]), FINDINGS)


def score_frame(windows, scores):
    return windows.select("container_id", "window").with_columns(score=pl.Series(np.asarray(scores, float)))


def scored_trees(*rows):
    """Rows of container, minute, root, score and the least budget at which it alarms."""
    table = pl.DataFrame(rows, schema=["container_id", "window", "root_id", "score", "budget"], orient="row")
    return table.with_columns(window=pl.Series(utc(table["window"])))
