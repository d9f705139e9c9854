"""Committed days: tables by day and host, and a marker that says what they were made of.

``date=D/node=N/`` holds ``windows``, ``scores``, ``trees`` of a host's containers, ``date=D/`` what belongs
to the day as a whole. ``day.json`` is written last: a day is what its marker says, or it is scored again.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import polars as pl

from rtml.captures.write import folder_name
from rtml.errors import RtmlError
from rtml.job.judging import Judged
from rtml.job.places import Place
from rtml.job.plan import Day
from rtml.models.scoring import Scored
from rtml.reading.state import State, parse_state
from rtml.schema import feature_columns

__all__ = ["TABLES", "Marker", "commit_day", "folder_of", "markers", "parquet_bytes", "read_table"]

TABLES = ("windows", "scores", "trees")
"""Tables by host; in Python `Scored` calls the last ``tree_scores``."""

_MARKER = "day.json"


class Marker(State):
    """What a committed day was made of and holds.

    ``key``: of what the result depends on; ``order``: digests of its captures, in the order that events of
    findings are numbered by; ``nodes``: folders of hosts; ``rows`` of its `TABLES`; ``features``: columns
    of its windows; ``remarks``: what to know of it.
    """

    key: str
    order: list[str]
    nodes: list[str]
    rows: dict[str, int]
    features: list[str]
    events: int
    windows: int
    skipped: int
    alarms: int
    remarks: list[str] = []


def folder_of(name: str) -> str:
    """Return the folder of a day."""
    return f"date={name}"


def commit_day(out: Place, day: Day, judged: Judged) -> None:
    """Write a day; what lies there of an earlier result is replaced."""
    folder = out.below(folder_of(day.name))
    scored = judged.scored
    hosts = scored.trees.select("container_id", "host").unique(
        "container_id", keep="first", maintain_order=True
    )
    nodes: set[str] = set()
    for name, table in _tables(scored).items():
        for node, rows in _by_node(table, hosts):
            folder.write(f"node={node}/{name}.parquet", parquet_bytes(rows))
            nodes.add(node)
    folder.write("findings.parquet", parquet_bytes(judged.findings))
    folder.write("drift.parquet", parquet_bytes(scored.drift))
    for node in {entry.name.split("/")[0] for entry in folder.entries()} - {f"node={node}" for node in nodes}:
        if node.startswith("node="):
            folder.remove(node)
    marker = Marker(
        key=day.key,
        order=[known.digest for _, known in day.members],
        nodes=sorted(nodes),
        features=feature_columns(scored.windows),
        rows={name: table.height for name, table in _tables(scored).items()},
        events=sum(known.events for _, known in day.members),
        windows=scored.windows.height,
        skipped=judged.skipped,
        alarms=int(scored.scores["alarm"].sum()),
        remarks=judged.remarks,
    )
    folder.write(_MARKER, json.dumps(marker.model_dump(), indent=1, sort_keys=True).encode())


def markers(out: Place) -> dict[str, Marker]:
    """Return the markers of committed days, by day."""
    found = {}
    for entry in out.entries():
        day, _, rest = entry.name.partition("/")
        if rest == _MARKER and day.startswith("date="):
            try:
                marker = parse_state(out.read(entry.name) or b"", Marker, Path(out.inner) / day)
            except RtmlError:  # what cannot be read is scored again
                continue
            found[day.removeprefix("date=")] = marker
    return found


def read_table(out: Place, name: str) -> pl.DataFrame | None:
    """Return a table of the output; None where it is not there."""
    content = out.read(name)
    return None if content is None else pl.read_parquet(io.BytesIO(content), glob=False)


def parquet_bytes(table: pl.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd")
    return buffer.getvalue()


def _tables(scored: Scored) -> dict[str, pl.DataFrame]:
    return {"windows": scored.windows, "scores": scored.scores, "trees": scored.by_tree()}


def _by_node(table: pl.DataFrame, hosts: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """Return rows by the folder of their container's host, in the order they have."""
    placed = table.select("container_id").join(hosts, on="container_id", how="left", maintain_order="left")
    names = {host: folder_name(host) for host in placed["host"].unique()}
    node = placed["host"].replace_strict(names, return_dtype=pl.String)
    parts = table.with_columns(_node=node).partition_by("_node", as_dict=True, maintain_order=True)
    return sorted((str(name), rows.drop("_node")) for (name,), rows in parts.items())
