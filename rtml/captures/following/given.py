"""Ids of processes that a sensor gave itself, carried by keys until the end tells what they mean.

What only several readings tell (`Sensor.together`: images of one process, programs that an exec says better)
changes such ids, and what is read later tells it. So events carry a key of what was given, and one row per
key stands for all its events when `together` is asked what they mean by now.
"""

from __future__ import annotations

import polars as pl

from rtml.captures.identity import process_id
from rtml.captures.keys import IDENTITIES
from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import PROCESSES
from rtml.schema import conform, empty

__all__ = ["GIVEN", "as_given", "gives_ids", "is_keyed", "meanings"]

GIVEN = pl.Schema(
    {
        "key": pl.Int64(),
        "instance": pl.Int64(),
        "given_id": pl.Int64(),
        "given_parent": pl.Int64(),
        "kind": pl.String(),
    }
)
"""One row per key and ``kind`` (exec, target, other); ``instance`` is the key that pids alone would give."""

_GIVEN_IDS = ("given_id", "given_parent", "given_target")
_WHAT = ["instance", "given_id", "given_parent"]


def is_keyed(sensor: Sensor) -> bool:
    """Tell whether later events may change the ids of earlier ones."""
    return not sensor.identified or sensor.together is not list


def gives_ids(sensor: Sensor, given: pl.DataFrame, declared: pl.DataFrame) -> bool:
    """Tell whether a sensor names processes itself, by what came so far."""
    return sensor.identified or given.height + declared.height > 0


def as_given(rows: pl.DataFrame, ids: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give rows the keys of what was given.

    Parameters
    ----------
    rows
        Events with the keys that pids alone give (`rtml.captures.following.knowing`), or with none.
    ids
        Row by row ``process_id, parent_id, target_id`` as the sensor gave them; null where it did not.

    Returns
    -------
    The rows, and what their new keys are (`GIVEN`). A row of which nothing was given keeps its key.
    """
    told = rows.with_columns(
        given_id=ids["process_id"], given_parent=ids["parent_id"], given_target=ids["target_id"]
    )
    kind = pl.col("kind").cast(pl.String)
    own = told.select(
        instance="process_id",
        given_id="given_id",
        given_parent="given_parent",
        kind=pl.when(kind == "exec").then(pl.lit("exec")).otherwise(pl.lit("other")),
    )
    aim = own.select(
        instance=pl.lit(None, pl.Int64),
        given_id=told["given_target"],
        given_parent=pl.lit(None, pl.Int64),
        kind=pl.lit("target"),
    )
    own, aim = (side.with_columns(key=_key(side)) for side in (own, aim))
    found = told.with_columns(
        process_id=pl.coalesce(own["key"], pl.col("process_id")),
        target_id=pl.coalesce(aim["key"], pl.col("target_id")),
        parent_id=pl.lit(None, pl.Int64),
    ).drop(_GIVEN_IDS)
    table = pl.concat([own, aim]).drop_nulls("key").unique(maintain_order=True)
    return found, table.select(GIVEN.names()).cast(GIVEN)


def _key(side: pl.DataFrame) -> pl.Series:
    """Stir what was given into one number; null where nothing was."""
    filled = side.select(pl.col(_WHAT).fill_null(0), kind=pl.lit("given ") + (pl.col("kind") == "target"))
    first = process_id(filled["kind"], filled["given_id"].to_numpy(), filled["given_parent"].to_numpy())
    keys = pl.Series("key", process_id(filled["kind"], first, filled["instance"].to_numpy()), dtype=pl.Int64)
    was = (side["given_id"].is_not_null() | side["given_parent"].is_not_null()).alias("was")
    return pl.DataFrame([keys, was]).select(key=pl.when("was").then("key"))["key"]


def meanings(
    sensor: Sensor, given: pl.DataFrame, instances: pl.DataFrame, declared: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame | None]:
    """Return what every key means by now (`IDENTITIES`), and the processes that the sensor declared.

    Parameters
    ----------
    sensor
        It is asked what several readings tell.
    given
        What keys are (`GIVEN`).
    instances
        What keys of pids alone mean.
    declared
        All processes that the sensor named, each row once.
    """
    stand = given.select(
        kind=pl.when(pl.col("kind") != "target").then("kind"),
        process_id=pl.when(pl.col("kind") != "target").then("given_id"),
        parent_id="given_parent",
        host=pl.lit(None, pl.String),
        container_id=pl.lit(None, pl.String),
    )
    (told,) = sensor.together([Reading(stand, empty(), 0, processes=declared if declared.height else None)])
    named = given.with_columns(
        _id=pl.coalesce(told.events["process_id"], pl.col("given_id")), _parent=told.events["parent_id"]
    ).unique("key", keep="first", maintain_order=True)
    resolved = instances.select(instance="key", _own="process_id", _above="parent_id", begun="begun")
    joined = named.join(resolved, on="instance", how="left", maintain_order="left").select(
        "key", "begun", process_id=pl.coalesce("_id", "_own"), parent_id=pl.coalesce("_parent", "_above")
    )
    table = pl.concat([instances.select(IDENTITIES.names()), joined.select(IDENTITIES.names())])
    processes = None if told.processes is None else conform(told.processes, PROCESSES)
    return table, processes
