"""Process images and their ancestry: who ran what, and who started whom.

An *image* is a program in a process: an exec makes a new one, a fork inherits the parent's. The
ancestors of an image are the images that led to it, nearest first, whether by fork and exec or by
exec in place, so that ``nginx -> sh -> curl`` reads the same however the shell ran curl. All steps
are joins and pointer jumping over arrays of processes: no loop over events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rtml.asof import asof
from rtml.captures.roots import root_of

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)

__all__ = [
    "BY_TIME",
    "DEPTH",
    "PROCESSES",
    "Images",
    "image_table",
    "images_of_nodes",
    "nodes_of",
    "process_images",
    "with_images",
]

DEPTH = 8
"""Ancestors kept per image."""

_COMM = 15
"""Characters of a program's name that the kernel keeps."""

_UTC = pl.Datetime("ns", "UTC")
PROCESSES = pl.Schema(
    {
        "process_id": pl.Int64(),
        "image_seq": pl.Int64(),
        "parent_id": pl.Int64(),
        "root_id": pl.Int64(),
        "host": pl.String(),
        "container_id": pl.String(),
        "pid": pl.Int32(),
        "ppid": pl.Int32(),
        "started": _UTC,
        "since": _UTC,
        "until": _UTC,
        "exe": pl.String(),
        "comm": pl.String(),
        "cmdline": pl.String(),
        "uid": pl.Int32(),
        "ancestors": pl.List(pl.String),
    }
)
"""One row per process image; ``image_seq`` is the ``seq`` of its exec event, null for an image
that was running before the capture began or that was only forked."""

BY_TIME = ("since", "process_id", "image_seq")
"""The order of images, null first: a process may be forked and run a program in the same nanosecond, so
``since`` alone leaves to chance which of its images is the last."""

_OTHERS = pl.Schema({name: kind for name, kind in PROCESSES.items() if name != "ancestors"})
_LABEL = pl.coalesce("exe", "[" + pl.col("comm") + "]")

_Index = npt.NDArray[np.int64]
_TEXT = ["host", "container_id", "exe", "comm"]
_FACTS = ["process_id", "parent_id", "pid", "ppid", "uid", "started", "cmdline", *_TEXT]


def process_images(events: pl.DataFrame, declared: pl.DataFrame | None = None) -> pl.DataFrame:
    """List every process image of a capture with its ancestors and its lineage root.

    Parameters
    ----------
    events
        Events with ``process_id`` and ``parent_id``; rows without a process are passed over.
    declared
        Processes that the sensor named without any event of their own (`Reading.processes`).

    Returns
    -------
    Columns of `PROCESSES`, sorted by ``since`` and ``process_id``; no events give no rows.
    An unknown program (running before the capture began, and the sensor gives no path) has a null
    ``exe`` and stands among ancestors as ``[comm]``, as ``ps`` writes it.
    """
    return image_table(events, declared).rows()


@dataclass(frozen=True)
class Images:
    """Process images in their order, whose ancestors are looked up when they are asked for.

    ``table`` has all other columns of `PROCESSES`, and ``node``: the row of each in ``labels``, ``before``
    and ``shown`` (`_predecessors`, `_collapse`). Ancestors take more memory than all else.
    """

    table: pl.DataFrame
    labels: pl.Series
    before: _Index
    shown: _Index

    def rows(self, begin: int = 0, size: int | None = None) -> pl.DataFrame:
        """Return so many rows of `PROCESSES` from one on; None: all that follow."""
        part = self.table.slice(begin, size)
        ancestors = _ancestors(self.labels, self.before, self.shown, part["node"].to_numpy())
        return part.with_columns(ancestors=ancestors).select(PROCESSES.names()).cast(PROCESSES)


def image_table(events: pl.DataFrame, declared: pl.DataFrame | None = None) -> Images:
    """Return the images of `process_images`, their ancestors not looked up yet."""
    return images_of_nodes(nodes_of(events, declared))


def images_of_nodes(nodes: pl.DataFrame) -> Images:
    """Return the images of nodes (`nodes_of`) of all processes, which stand in the order of their ids."""
    nodes = nodes.with_row_index("node").with_columns(pl.col("node").cast(pl.Int64))
    before = _predecessors(nodes)
    image = _collapse(nodes, before)
    of_image = nodes.select("exe", "cmdline", label=_LABEL)[image]
    roots = root_of(nodes)
    nodes = nodes.with_columns(of_image["exe"], of_image["cmdline"]).with_columns(
        until=pl.coalesce(pl.col("since").shift(-1).over("process_id", order_by="since"), "ended")
    )
    nodes = nodes.join(roots, on="process_id", how="left", maintain_order="left")
    nodes = nodes.select("node", *_OTHERS).cast(_OTHERS).sort(BY_TIME)
    return Images(nodes, of_image["label"], before, image)


def with_images(events: Frame, images: Frame) -> Frame:
    """Fill ``exe`` and ``cmdline`` of each event from its process's image at that time."""
    active = images.sort(BY_TIME).select("process_id", "since", _exe="exe", _cmdline="cmdline")
    return (
        asof(
            events.with_row_index("_row").sort("time"),
            active,
            left_on="time",
            right_on="since",
            by="process_id",
        )
        .sort("_row")
        .with_columns(
            exe=pl.coalesce(pl.col("exe").cast(pl.String), "_exe").cast(pl.Categorical()),
            cmdline=pl.coalesce("cmdline", "_cmdline"),
        )
        .drop("_row", "_exe", "_cmdline", "since", strict=False)
    )


def nodes_of(events: pl.DataFrame, declared: pl.DataFrame | None = None) -> pl.DataFrame:
    """One node per successful exec, and one for each process at its beginning, process by process."""
    rows = events.filter(pl.col("process_id").is_not_null()).with_columns(
        pl.col(*_TEXT, "kind").cast(pl.String)
    )
    done = (pl.col("kind") == "exec") & (pl.col("result").fill_null(0) >= 0)
    execs = rows.filter(done).select(*_FACTS, since="time", image_seq="seq")
    first = _beginnings(rows, done)
    parts = [execs, first.drop("ended")]
    if declared is not None:
        distinct = declared.unique("process_id", keep="first", maintain_order=True)
        words = distinct.select("process_id", _exe="exe", _cmdline="cmdline")
        parts[1] = (
            parts[1]
            .join(words, on="process_id", how="left", maintain_order="left")
            .with_columns(pl.coalesce("exe", "_exe"), pl.coalesce("cmdline", "_cmdline"))
            .drop("_exe", "_cmdline")
        )
        unseen = distinct.join(first, on="process_id", how="anti")
        parts.append(unseen.with_columns(since=pl.coalesce("started", pl.lit(0).cast(_UTC))))
    return (
        pl.concat(parts, how="diagonal_relaxed")
        .join(first.select("process_id", "ended"), on="process_id", how="left")
        .sort("process_id", "since", "image_seq", nulls_last=False)
    )


def _beginnings(rows: pl.DataFrame, done: pl.Expr) -> pl.DataFrame:
    """Each process as it was when first seen: its program is known only from before its exec."""
    execs = done.cum_sum()
    program = pl.col("exe").str.replace(r"^.*/", "")
    # Some sensors give an exec the former program's name, others the new one's: that tells nothing of before.
    former = (pl.col("comm") != program) & (pl.col("comm") != program.str.slice(0, _COMM))
    ordered = rows.sort("time", "seq").with_columns(
        _inherited=(execs == 0).over("process_id"),
        _named=((execs == 0) | (done & (execs == 1) & former.fill_null(True))).over("process_id"),
    )
    return ordered.group_by("process_id", maintain_order=True).agg(
        pl.col("parent_id", "pid", "ppid", "uid", "host").drop_nulls().first(),
        pl.col("container_id", "started").drop_nulls().first(),
        pl.col("exe", "cmdline").filter("_inherited").first(),
        pl.col("comm").filter("_named").first(),
        since=pl.min_horizontal(pl.col("started").drop_nulls().first(), pl.col("time").first()),
        ended=pl.col("time").filter(pl.col("kind") == "exit").last(),
    )


def _predecessors(nodes: pl.DataFrame) -> _Index:
    """Node before each: its process's former image, else its parent's at that time; -1: none."""
    within = nodes.select(pl.col("node").shift(1).over("process_id"))["node"]
    parents = nodes.select("since", parent_id="process_id", before="node").sort("since", "before")
    by_parent = asof(
        nodes.select("node", "since", "parent_id").sort("since", "node"), parents, on="since", by="parent_id"
    ).sort("node")["before"]
    # A parent first seen after its child (it was running before) has just one image to offer.
    only = nodes.select(parent_id="process_id", first="node").unique(
        "parent_id", keep="first", maintain_order=True
    )
    fallback = nodes.join(only, on="parent_id", how="left", maintain_order="left")["first"]
    predecessors = within.fill_null(by_parent).fill_null(fallback).fill_null(-1)
    return predecessors.to_numpy().astype(np.int64)


def _collapse(nodes: pl.DataFrame, before: _Index) -> _Index:
    """Image that each node shows: forked processes show their parent's until they exec."""
    here = np.arange(len(before), dtype=np.int64)
    exe, forked = nodes["exe"], nodes["image_seq"].is_null().to_numpy()
    same = (exe.is_null() | (exe == exe[np.maximum(before, 0)]).fill_null(False)).to_numpy()
    target = np.where(forked & (before >= 0) & same, before, here)
    return _jump(target)


def _jump(pointer: _Index) -> _Index:
    """Follow pointers to their ends by doubling; a ring, which only wrong clocks make, ends too."""
    for _ in range(64):
        further = pointer[pointer]
        if np.array_equal(further, pointer):
            break
        pointer = further
    return pointer


def _ancestors(label: pl.Series, before: _Index, image: _Index, nodes: _Index) -> pl.Series:
    """Labels of the images before the image of some nodes, nearest first, at most `DEPTH`."""
    safe, shown = np.append(before, -1), np.append(image, -1)
    steps = np.empty((len(nodes), DEPTH), dtype=np.int64)
    at = image[nodes]
    for i in range(DEPTH):
        steps[:, i] = at = shown[safe[at]]
    there = (steps >= 0) & label.is_not_null().to_numpy()[np.maximum(steps, 0)]
    ends = np.append(0, there.sum(axis=1).cumsum())
    labels = label.gather(steps[there]).to_arrow(compat_level=pl.CompatLevel.oldest())
    # Not `pa.array`, which imports pandas to know whether it was given some.
    lists = pa.LargeListArray.from_arrays(pl.Series(ends, dtype=pl.Int64).to_arrow(), labels)
    return pl.Series("ancestors", lists, dtype=pl.List(pl.String))
