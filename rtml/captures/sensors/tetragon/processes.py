"""Processes of Tetragon, whose process is an image: each exec is one, with a start of its own.

A process lives from its fork to its exit, through every exec. An image whose parent has the same pid is the
next one of the same process; so images are put together over all files of an import, and joined both by
``exec_id`` and by node, pid and start, since events of one process may carry several ``exec_id``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from rtml.captures.sensors.containers import container_id
from rtml.captures.sensors.contract import PROCESSES, Reading
from rtml.captures.sensors.declared import before_their_exec
from rtml.captures.sensors.process_ids import pid_of, process_ids
from rtml.captures.sensors.records.moments import when
from rtml.captures.sensors.records.values import integer, said, user_id
from rtml.times import UTC_NS

__all__ = ["IMAGES", "command_line", "images_of", "life", "one_process_each"]

IMAGES = pl.Schema({**PROCESSES, "image": pl.String(), "parent_image": pl.String()})
"""`PROCESSES`, one row per image, with the ``exec_id`` of the image and of its parent."""


def command_line(binary: pl.Expr, arguments: pl.Expr) -> pl.Expr:
    """Return the command as one text; where its words end Tetragon does not say, but for quotes."""
    return pl.when(binary.is_not_null()).then(
        pl.concat_str(binary, arguments, separator=" ", ignore_nulls=True)
    )


def images_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the images that events name: of the process, its parent, its ancestors (`IMAGES`)."""
    parts = [part.select(IMAGES.names()) for part in (_own(rows), _parents(rows), _ancestors(rows))]
    known = pl.concat(parts).drop_nulls("process_id")
    return known.unique(
        ["process_id", "parent_id", "image", "parent_image"], keep="first", maintain_order=True
    )


def _own(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the process of each event, which its columns tell already."""
    return rows.select(
        *(name for name in PROCESSES if name != "started"),
        started="began",
        image="process.exec_id",
        parent_image="process.parent_exec_id",
    )


def _parents(rows: pl.DataFrame) -> pl.DataFrame:
    known = {"process_id": "parent_id", "pid": "ppid", "started": "parent_began"}
    return rows.select("host", **known, **_named("parent", pl.coalesce("parent.container", "parent.docker")))


def _named(who: str, container: pl.Expr) -> dict[str, pl.Expr]:
    """Return what is said of a process besides its number and its start; of its parent only the image."""
    one = pl.col(f"{who}.binary")
    return {
        "parent_id": pl.lit(None, pl.Int64),
        "container_id": container_id(said(container)),
        "ppid": pl.lit(None, pl.Int32),
        "exe": said(one),
        "cmdline": command_line(said(one), said(pl.col(f"{who}.arguments"))),
        "uid": user_id(pl.col(f"{who}.uid")),
        "image": pl.col(f"{who}.exec_id"),
        "parent_image": pl.col(f"{who}.parent_exec_id"),
    }


def life(who: str, began: str, exec_id: str | None = None) -> pl.Expr:
    """Return what tells a process from others of its pid: its start, else the clock in its ``exec_id``.

    Collectors leave fields out. Where neither is there a pid stands for one process.

    Examples
    --------
    >>> from rtml.times import UTC_NS
    >>> ids = ["bm9kZToxMjM6Nw==", "/zo1Ojc=", "no", None]  # a name of a node may be no UTF-8
    >>> rows = pl.DataFrame({"process.exec_id": ids, "at": pl.Series([None] * 4).cast(UTC_NS)})
    >>> rows.select(life("process", "at").dt.epoch("ns").alias("x"))["x"].to_list()
    [123, 5, 0, 0]
    """
    name = pl.col(exec_id or f"{who}.exec_id")
    decoded = pl.when(pl.col(began).is_null()).then(name).str.decode("base64", strict=False)
    digits = decoded.bin.encode("hex").str.extract(r"3a((?:3\d){1,18})3a(?:3\d)+$")  # :123:7
    clock = digits.str.replace_all(r"3(\d)", "${1}")
    return pl.coalesce(began, clock.cast(pl.Int64, strict=False).fill_null(0).cast(UTC_NS))


def _ancestors(rows: pl.DataFrame) -> pl.DataFrame:
    listed = rows.select("host", a="ancestors").filter(pl.col("a").list.len() > 0)
    each = listed.explode("a").drop_nulls("a").unnest("a")
    prefixed = each.rename({name: f"a.{name}" for name in each.columns if name != "host"})
    named = prefixed.select(
        "host",
        pid=pid_of(integer(pl.col("a.pid"))),
        started=when(pl.col("a.start_time")),
        **_named("a", pl.col("a.docker")),
    )
    lives = named.with_columns(life=life("a", "started", "image"))
    return named.with_columns(process_id=process_ids(lives, "pid", "life"))


def one_process_each(readings: Sequence[Reading]) -> list[Reading]:
    """Put the images of each process together, over all files; events and processes get its id."""
    readings = before_their_exec(readings)
    declared = [r.processes for r in readings if r.processes is not None]
    if not declared or not sum(frame.height for frame in declared):
        return readings
    known = _chains(pl.concat(declared))
    return [
        replace(
            reading,
            events=_renamed(reading.events, known),
            processes=None if reading.processes is None else _whole(reading.processes, known),
        )
        for reading in readings
    ]


def _chains(images: pl.DataFrame) -> pl.DataFrame:
    """Return of each image's id the ``first`` image of its process, and the image ``above`` that one."""
    by_exec = images.drop_nulls("image").unique("image", keep="first", maintain_order=True)
    by_exec = by_exec.select(parent_image="image", _above="process_id")
    known = images.join(by_exec, on="parent_image", how="left", maintain_order="left")
    known = known.with_columns(above=pl.coalesce("parent_id", "_above"))
    each = known.group_by("process_id", maintain_order=True).agg(
        pl.col("pid").first(), pl.col("above").drop_nulls().first()
    )
    each = each.with_row_index("i").with_columns(pl.col("i").cast(pl.Int64))
    up = each.select(above="process_id", j="i", above_pid="pid")
    each = each.join(up, on="above", how="left", maintain_order="left")
    same = (each["pid"] == each["above_pid"]) & (each["above"] != each["process_id"])
    pointer = np.where(
        same.fill_null(False).to_numpy(), each["j"].fill_null(0).to_numpy(), each["i"].to_numpy()
    )
    for _ in range(64):
        pointer = pointer[pointer]
    first = pl.Series("first", pointer)
    top = each["above"].gather(first)
    return each.select("process_id", first=each["process_id"].gather(first), above=top).with_columns(
        above=pl.when(pl.col("above") != pl.col("first")).then("above")
    )


def _renamed(events: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Give events the process of their image, and the process that started it."""
    firsts = known.select(above="process_id", parent="first")
    chain = known.join(firsts, on="above", how="left", maintain_order="left")
    joined = events.join(chain, on="process_id", how="left", maintain_order="left")
    return joined.with_columns(
        process_id=pl.coalesce("first", "process_id"), parent_id=pl.coalesce("parent", "parent_id")
    ).drop("first", "above", "parent")


def _whole(images: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """Return one row per process: as its first image was."""
    ordered = _renamed(images, known).sort("started", nulls_last=True, maintain_order=True)
    fuller = ordered.sort(pl.col("parent_id").is_null(), maintain_order=True)
    kept = fuller.unique("process_id", keep="first", maintain_order=True)
    begun = ordered.group_by("process_id").agg(pl.col("started").min())
    return kept.drop("started").join(begun, on="process_id", how="left").select(PROCESSES.names())
