"""A judged side whose every measure can be worked out by hand: for the examples of measures, and tests.

Four containers of 120 minutes, three attacks; "forest" finds two of them (after 90 and 30 seconds), flags one
benign minute of another container, and scores 4 of the 6 attack windows above all benign time.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from rtml.evaluation.measures.material import Material
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track, make_track
from rtml.schema import FINDINGS, LABELS, conform
from rtml.times import UTC_NS

__all__ = ["example"]

_BEGIN = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
_MINUTE = dt.timedelta(minutes=1)


def example() -> Material:
    """Return the side, judged.

    Examples
    --------
    >>> example().attacks.select("attack_id", "found", "delay_s").rows()
    [('a', True, 90.0), ('b', True, 30.0), ('c', False, None)]
    """
    track, findings = _track(), _findings()
    attacks = track.labels.select("attack_id", "technique", "container_id", "start").with_columns(
        found=pl.Series([True, True, False]),
        delay_s=pl.Series([90.0, 30.0, None]),
        first_seen=_at(11.5, 40.5).extend_constant(None, 1),
    )
    strange = (pl.col("container_id") == "c0") & pl.col("window").is_in(_at(10, 11, 40, 41).implode())
    scores = track.windows.select("container_id", "window", score=strange.cast(pl.Float64))
    side, ranked = Side("forest", "model", findings, scores), track.ranked(scores)
    return Material(side, track, findings, track.match(findings), track.container_days, attacks, ranked)


def _at(*minutes: float) -> pl.Series:
    return pl.Series([_BEGIN + minute * _MINUTE for minute in minutes]).cast(UTC_NS)


def _track() -> Track:
    windows = pl.concat(
        pl.DataFrame({"window": _at(*range(120))}).with_columns(container_id=pl.lit(f"c{number}"))
        for number in range(4)
    )
    labels = {
        "attack_id": ["a", "b", "c"],
        "technique": ["T1059", "T1105", "T1105"],
        "container_id": ["c0", "c0", "c1"],
        "start": _at(10, 40, 60),
        "end": _at(11.9, 41.9, 61.9),
        "process_id": [10, 20, 30],
        "provenance": ["replay"] * 3,
    }
    tree = [(10, 1, 10), (11, 10, 10), (12, 11, 10), (20, 1, 20), (21, 20, 20), (90, 1, 90), (91, 90, 90)]
    processes = pl.DataFrame(tree, schema=["process_id", "parent_id", "root_id"], orient="row")
    evidence = pl.DataFrame({"host": ["h"] * 3, "seq": [1, 2, 3], "process_id": [11, 12, 91]})
    events = {"attack_id": ["a", "a", "a", "b"], "process_id": [10, 11, 12, 20], "time": _at(10, 11, 12, 40)}
    track = make_track(windows, conform(pl.DataFrame(labels), LABELS), processes, evidence)
    return replace(track, attack_events=pl.DataFrame(events))


def _findings() -> pl.DataFrame:
    rows = {
        "container_id": ["c0", "c0", "c3"],
        "process_id": [10, 20, 90],
        "first_seen": _at(10.5, 40, 5),
        "last_seen": _at(11.5, 41, 5.5),
        "evidence": [[{"host": "h", "seq": 1}], [], [{"host": "h", "seq": 3}]],
    }
    return conform(pl.DataFrame(rows), FINDINGS)
