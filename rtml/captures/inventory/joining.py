"""Names of containers joined to what a sensor reads, before anything is left out or counted.

What the sensor says stays: it saw the container, and a list may be of another time. What it does not say is
filled; what it says otherwise is counted. A workload that a sensor took from the image or from a part of the
names, for want of anything better, is no name of its own. Ids take their longest spelling; one that fits
several listed containers names none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from rtml.captures.inventory.listing import read_listing, together
from rtml.captures.inventory.rows import NAMES
from rtml.captures.naming import changed
from rtml.captures.rereading import reread
from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import Naming
from rtml.captures.sensors.pods import controller
from rtml.container_ids import Meant, bare_id, renamed, resolved
from rtml.errors import RtmlError
from rtml.images import repository, tag

__all__ = ["named_by", "with_names"]

_HELD_AGAINST = ("container_name", "image", "namespace", "pod", "workload")
"""Columns in which a contradiction is told; digests differ by architecture and by who counts."""

_HUB = r"^(?:docker\.io/)?(?:library/)?"
_OF_KUBELET = r"^/?k8s_([^_]+)_.*$"


def named_by(sensor: Sensor, paths: Sequence[Path]) -> Sensor:
    """Return the sensor as it reads with lists of containers; they are read again when they change.

    A container that a later list does not name any more keeps its names: what it did may be read later. A
    changed list that cannot be read (somebody is writing it) changes nothing.

    Raises
    ------
    UsageError
        A file is no list of containers.
    """
    lists = [_remembering(reread(path, read_listing)) for path in paths]
    return replace(
        sensor, read=lambda file: with_names(sensor.read(file), together([current() for current in lists]))
    )


def _remembering(current: Callable[[], pl.DataFrame]) -> Callable[[], pl.DataFrame]:
    known = [current()]

    def now() -> pl.DataFrame:
        try:
            new = current()
        except RtmlError:
            return known[0]
        if new is not known[-1]:
            gone = known[0].join(new, on="container_id", how="anti")
            known[:] = [pl.concat([new, gone]), new]
        return known[0]

    return now


def with_names(reading: Reading, listed: pl.DataFrame) -> Reading:
    """Return a reading whose events have the names of a list (`LISTED`), one row per container.

    Examples
    --------
    >>> from rtml.captures.inventory.rows import table_of
    >>> listed = table_of([{"container_id": "0123456789abcdef", "pod": "web-0", "image": "web:1"}], 0)
    >>> rows = pl.DataFrame({"container_id": ["0123456789ab", None], "image": [None, None]})
    >>> with_names(Reading(rows, pl.DataFrame(), 2), listed).events.rows()
    [('0123456789abcdef', 'web:1', 'web-0', 'web'), (None, None, None, None)]
    """
    meant = resolved(_ids(reading), listed["container_id"])
    whole = {old: max(new, bare_id(old) or "", key=len) for old, new in meant.ids.items()}
    reading = changed(reading, lambda frame: renamed(frame, whole))
    if "container_id" not in reading.events.columns:
        return replace(reading, naming=Naming(listed.height))
    keys = {**dict.fromkeys(listed["container_id"]), **{whole[old]: new for old, new in meant.ids.items()}}
    pairs = [(own, known or own) for own, known in keys.items()]
    key = pl.DataFrame(pairs, schema=["container_id", "_listed"], orient="row")
    told = listed.rename({name: f"_{name}" for name in NAMES}).rename({"container_id": "_listed"})
    told = key.join(told, on="_listed").drop("_listed", "rank")
    rows = reading.events.with_columns(pl.col("container_id").cast(pl.String))
    joined = rows.join(told, on="container_id", how="left", maintain_order="left")
    present = [name for name in NAMES if name in rows.columns or told[f"_{name}"].count()]
    return replace(
        reading,
        events=joined.with_columns(_filled(name, rows.columns) for name in present).drop(
            f"_{name}" for name in NAMES
        ),
        naming=_account(joined, told, meant, listed.height),
    )


def _ids(reading: Reading) -> list[str]:
    frames = (reading.events, reading.processes, reading.containers)
    named = [frame["container_id"] for frame in frames if frame is not None and "container_id" in frame]
    return sorted({str(one) for ids in named for one in ids.unique().drop_nulls()})


def _filled(name: str, have: Sequence[str]) -> pl.Expr:
    if name not in have:
        return pl.col(f"_{name}").alias(name)
    own = pl.col(name).cast(pl.String)
    if name == "workload":
        return pl.coalesce(pl.when(_of_sensor(have)).then(own), f"_{name}", own).alias(name)
    return pl.coalesce(own, f"_{name}").alias(name)


def _account(joined: pl.DataFrame, told: pl.DataFrame, meant: Meant, listed: int) -> Naming:
    seen = joined.select("container_id").unique().join(told, on="container_id", how="semi")["container_id"]
    contradicted = {}
    for name in _HELD_AGAINST:
        if name in joined.columns:
            stays = _of_sensor(joined.columns) if name == "workload" else pl.lit(True)
            odd = joined.filter(_differ(name) & stays)["container_id"]
            contradicted[name] = frozenset(odd.unique().drop_nulls())
    return Naming(listed, frozenset(seen), {k: v for k, v in contradicted.items() if v}, meant.several)


def _of_sensor(have: Sequence[str]) -> pl.Expr:
    """Say whether a workload is one that the sensor knows, rather than what stands for it.

    That is the image; of a pod the controller alone, where its namespace is not known; or what a list says
    too, but for the container that the sensor does not name.
    """
    own, listed = (pl.col(name).cast(pl.String) for name in ("workload", "_workload"))
    stands = [listed.str.starts_with(own + "/")]
    if "image" in have:
        stands.append(own == pl.col("image").cast(pl.String))
    if {"pod", "namespace"} <= {*have}:
        stands.append(pl.col("namespace").is_null() & (own == controller(pl.col("pod").cast(pl.String))))
    return own.is_null() | ~pl.any_horizontal(known.fill_null(False) for known in stands)


def _differ(name: str) -> pl.Expr:
    """Say whether the list means something else; null where either says nothing.

    Of images what everybody leaves out is no difference, nor a tag that one does not name; of containers
    neither what the kubelet puts round their names for Docker.
    """
    own, other = pl.col(name).cast(pl.String), pl.col(f"_{name}")
    if name == "image":
        own, other = (text.str.replace(_HUB, "") for text in (own, other))
        return (repository(own) != repository(other)) | (tag(own) != tag(other))
    if name == "container_name":
        own, other = (text.str.replace(_OF_KUBELET, "${1}").str.strip_prefix("/") for text in (own, other))
    return own != other
