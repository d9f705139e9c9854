"""AssureMOSS: flows of a Kubernetes cluster, labelled benign or malicious (Packetbeat through Elasticsearch).

``elastic_may2021_benign_data.csv`` and ``elastic_may2021_malicious_data.csv`` (the README writes ``may21``):
one flow per row, columns as Elasticsearch names them, ``_source_event_duration`` in ns, ``label`` a word.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rtml.datasets.contract import Dataset, Draft, Published
from rtml.datasets.finding import matching
from rtml.datasets.novelty import bits
from rtml.datasets.tables import csv_table, refused
from rtml.errors import RtmlError
from rtml.times import from_text

__all__ = ["ASSUREMOSS", "HELD_SHARE"]

HELD_SHARE = 0.3
"""The last part of the benign file's time: thresholds come from it."""

_TIME, _SECONDS = "_source_@timestamp", 1e9
_WORDS = (
    "_source_source_ip",
    "_source_destination_ip",
    "_source_destination_port",
    "_source_network_transport",
)
_NUMBERS = {"bytes": "_source_network_bytes", "duration": "_source_event_duration"}
_WANTED = (_TIME, *_WORDS, *_NUMBERS.values(), "label")
_PACKETS = "_source_network_packets"
_LABELS = {"benign": 0, "malicious": 1}
_ODD = (
    ("no time (2021-05-11T09:30:00.000Z is wanted)", "time", _TIME),
    ("label is neither benign nor malicious", "attack", "label"),
)


def read(source: Path, out: Path) -> Draft:
    """Read the two files of May 2021: one to learn and to calibrate, one to judge."""
    files = [_one(source, kind) for kind in ("benign", "malicious")]
    (benign, early), (judged, late) = (_flows(path) for path in files)
    attacked = benign.filter(pl.col("attack") == 1).height
    edge = benign["time"].quantile(1 - HELD_SHARE, "nearest")
    role = pl.when(pl.col("time") < edge).then(pl.lit("train")).otherwise(pl.lit("calibrate"))
    flows = pl.concat([benign.with_columns(role=role), judged.with_columns(role=pl.lit("test"))])
    names = [path.name for path in sorted(source.glob("elastic_*.csv")) if path not in files]
    notes = [f"not read: {', '.join(names)}"] if names else []
    if attacked:
        notes.append(f"the benign file holds {attacked} flows labelled as malicious")
    return Draft(files, rows=_rows(flows), rejects=pl.concat([early, late]), notes=notes)


def _one(source: Path, kind: str) -> Path:
    patterns = (f"elastic_may2021_{kind}_data.csv*", f"elastic_may21_{kind}_data.csv*")
    return matching(source, patterns, f"the {kind} flows of May 2021")[0]


def _flows(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return flows with ``time``, ``attack`` and numbers, and the rows that are none."""
    table, rejects = csv_table(path, _WANTED, [_PACKETS])
    numbers = {name: pl.col(column).cast(pl.Float64, strict=False) for name, column in _NUMBERS.items()}
    packets = pl.col(_PACKETS) if _PACKETS in table.columns else pl.lit(None, pl.String)
    stamp = pl.col(_TIME).str.strip_chars().str.replace(" ", "T", literal=True).str.strip_suffix("Z")
    rows = table.with_columns(
        time=from_text(stamp, "%Y-%m-%dT%H:%M:%S%.f"),
        attack=pl.col("label").str.strip_chars().str.to_lowercase().replace_strict(_LABELS, default=None),
        packets=packets.cast(pl.Float64, strict=False),
        **numbers,
    )
    for reason, column, shown in _ODD:
        bad = rows.filter(pl.col(column).is_null())
        rejects = pl.concat([rejects, refused(bad, path.name, reason, shown)])
        rows = rows.filter(pl.col(column).is_not_null())
    if rows.is_empty():
        first = rejects["reason"][0] if rejects.height else "it has none"
        raise RtmlError(f"{path}: none of {rejects.height:,} rows can be read (first: {first})")
    return rows, rejects


def _rows(flows: pl.DataFrame) -> pl.DataFrame:
    """Return the table: sizes, and how unusual peers and ports are against the training flows."""
    source, target, port, transport = (pl.col(name).fill_null("?") for name in _WORDS)
    pair = pl.concat_str(source, target, separator=" > ")
    named = flows.sort("time", "line").with_columns(
        pair=pair,
        service=pl.concat_str(target, port, transport, separator=" "),
        source=source,
        triple=pl.concat_str(pair, port, transport, separator=" "),
    )
    learnt = named["role"] == "train"
    rare = [
        bits(named[name], learnt).alias(f"peers.{name}_bits")
        for name in ("source", "pair", "service", "triple")
    ]
    return named.select(
        "role",
        "time",
        pl.col("attack").cast(pl.Int8),
        pl.col("bytes").alias("flow.bytes"),
        pl.col("packets").alias("flow.packets"),
        (pl.col("duration") / _SECONDS).alias("flow.seconds"),
        group="pair",
        attack_id=pl.when(pl.col("attack") == 1).then("pair"),
    ).with_columns(rare)


ASSUREMOSS = Dataset(
    name="assuremoss",
    kind="rows",
    what="flows of a Kubernetes cluster with three applications, benign and under attack, May 2021",
    licence="CC-BY-4.0 (look it up before use: not checked here)",
    size="four CSV files or more, of which the two of May 2021 are read",
    origin="4TU.ResearchData, AssureMOSS Kubernetes Run-time Monitoring Dataset (TU Delft, Thales)",
    row="flow",
    published_protocol="a state machine learnt from benign flows scores each connection's sequence of flows;"
    " threshold and balanced accuracy per flow",
    protocol="one row per flow: sizes, and how unusual peers and ports are; learn the first 70 % of the"
    " benign file's"
    " time, threshold from the rest, judge the malicious file; an attack is a pair of addresses with"
    " malicious flows",
    read=read,
    signs=("elastic_*.csv*",),
    folders=("AssureMoss", "AssureMOSS", "assuremoss_dataset"),
    published=(
        Published(
            who="state machine (Cao et al. 2022)",
            note="balanced accuracy 99.2 %, F1 0.982 per flow; doi 10.1145/3538969.3543810, read in its"
            " abstract",
        ),
    ),
)
