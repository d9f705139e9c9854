"""Small tables of events and processes, written by hand; for laws and tests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping

import polars as pl

from rtml.captures.processes import PROCESSES
from rtml.schema import POLARS, conform

__all__ = ["MINUTE", "START", "busy", "events", "execs"]

START = dt.datetime(2026, 11, 24, 10, 0, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)


def events(rows: Iterable[Mapping[str, object]]) -> pl.DataFrame:
    """Build events; ``seconds`` after `START` stands for the time, ``seq`` counts by itself."""
    records = []
    for number, row in enumerate(rows):
        at = START + dt.timedelta(seconds=float(str(row.get("seconds", number))))
        defaults = {"host": "h", "seq": number + 1, "container_id": "web-1", "workload": "web"}
        values = {name: value for name, value in row.items() if name in POLARS}
        records.append({"time": at, **defaults, **values})
    plain = {name: pl.String if kind == pl.Categorical else kind for name, kind in POLARS.items()}
    return conform(pl.DataFrame(records, schema=plain, orient="row"))


def execs(
    *chains: tuple[str, ...], container: str = "web-1", start: float = 0, seq: int = 1
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Build exec events and their processes from chains ``(program, parent, grandparent ...)``."""
    rows = [
        {
            "kind": "exec",
            "exe": chain[0],
            "seconds": start + i,
            "seq": seq + i,
            "container_id": container,
            "workload": container[:3],
            "process_id": seq + i,
        }
        for i, chain in enumerate(chains)
    ]
    images = [
        {
            "host": "h",
            "image_seq": seq + i,
            "process_id": seq + i,
            "root_id": seq + i,
            "exe": chain[0],
            "ancestors": list(chain[1:]),
        }
        for i, chain in enumerate(chains)
    ]
    return events(rows), conform(pl.DataFrame(images), PROCESSES)


def busy(
    minutes: int = 6, containers: tuple[str, ...] = ("web-1", "app-1")
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Build a little of everything: every family has something to say in every window."""
    rows: list[dict[str, object]] = []
    images: list[dict[str, object]] = []
    for minute in range(minutes):
        for container in containers:
            rows.extend(_minute(container, minute, len(rows)))
            images.extend(_images(rows[-_VARIED:]))
    return events(rows), conform(pl.DataFrame(images), PROCESSES)


_VARIED = 9
"""Events of a container in a minute."""


def _minute(container: str, minute: int, seq: int) -> list[dict[str, object]]:
    base = {"container_id": container, "workload": container[:3], "image": "shop/base:1"}
    shell = {"exe": "/bin/sh", "process_id": seq + 1, **base}
    varied: list[dict[str, object]] = [
        {
            "kind": "exec",
            "exe": ["/bin/ls", "/tmp/x", "/bin/cat"][minute % 3],
            "cmdline": f"x -{'abc'[minute % 3]}",
        },
        {"kind": "open", "path": f"/etc/conf.d/{'abc'[minute % 3]}", "result": 0},
        {"kind": "open", "path": "/etc/shadow", "result": -13},
        {"kind": "open", "path": f"/tmp/out-{minute}.log", "wrote": True, "result": 0},
        {"kind": "connect", "dst_ip": f"10.0.0.{minute % 4}", "dst_port": 443},
        {"kind": "connect", "dst_ip": "10.0.1.1", "dst_port": 8000},
        {"kind": "dns", "domain": f"{'xyz'[minute % 3] * (6 * minute + 1)}.shop.internal"},
        {"kind": "ptrace", "request": ["PTRACE_ATTACH", "PTRACE_CONT"][minute % 2]},
        {"kind": "dup", "request": "1"},
    ]
    return [
        {**shell, **row, "seconds": minute * 60 + 5 * i, "seq": seq + i + 1} for i, row in enumerate(varied)
    ]


def _images(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return [
        {
            "host": "h",
            "image_seq": row["seq"],
            "process_id": row["process_id"],
            "root_id": 1,
            "exe": row["exe"],
            "ancestors": ["/bin/sh", "/usr/sbin/nginx"],
        }
        for row in rows
        if row["kind"] == "exec"
    ]
