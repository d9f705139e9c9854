"""Puts processes away that have ended, and brings back those of which something is heard (`Archive`)."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping

import polars as pl

from rtml.captures.following.archive import Archive
from rtml.captures.following.gathering import Settled
from rtml.captures.following.given import gives_ids
from rtml.captures.following.leaving import hidden_leaving, leaving
from rtml.captures.following.returning import names_of
from rtml.captures.following.tables import KEYS, declared_units, owners_of
from rtml.captures.keys import IDENTITIES
from rtml.captures.repairs import lacking, shown, sums
from rtml.captures.sensors import Sensor
from rtml.schema import empty

__all__ = ["put_away", "repairs_over_all"]

LEAST = 5_000
"""So many processes are put away at once."""

_Tables = Mapping[str, pl.DataFrame]


def put_away(
    archive: Archive, number: int, sensor: Sensor, tables: _Tables, settled: Settled, until: Mapping[str, int]
) -> tuple[dict[str, pl.DataFrame], pl.DataFrame, pl.DataFrame | None] | None:
    """Put away what has ended; return the tables, images and identities of all else; None: as they were.

    Parameters
    ----------
    archive, number
        Where to, as part of which commit.
    tables
        What is known of processes (`rtml.captures.following.tables`).
    settled
        What it comes to: process images, and what keys mean.
    until
        As of `rtml.captures.following.leaving.clock`.
    """
    images, meant = settled.images, settled.identities
    if not until or images.is_empty():
        return None
    now = {**tables, "heard": settled.heard}
    owners = owners_of(now, meant)
    heard = owners.join(settled.heard, on="key").group_by("unit").agg(pl.col("last").max())
    gone = pl.concat([leaving(images, heard, until), hidden_leaving(owners, now, images, until)])
    if len(gone) < LEAST:
        return None
    units = _units(gone, images, heard)
    away, rest = _parted(tables, owners, units.select("unit"))
    own = declared_units(sensor, tables["declared"])
    with_unit = tables["declared"].with_columns(own)
    away["declared"], rest["declared"] = _halves(with_unit, units, "unit")
    rest["declared"] = rest["declared"].drop("unit")
    whole = {**away, "units": units}
    whole["images"], images = _halves(images.with_columns(unit="process_id"), units, "unit")
    if meant is not None:
        carried = meant.join(settled.heard, on="key", how="semi").with_columns(unit="process_id")
        whole["identities"], _ = _halves(carried, units, "unit")
        meant = meant.join(whole["identities"], on="key", how="anti").join(
            owners.join(owners.join(units, on="unit", how="anti"), on="key", how="anti"), on="key", how="anti"
        )
    else:
        whole["identities"] = empty(IDENTITIES).with_columns(unit=pl.lit(None, pl.Int64))
    ids = gives_ids(sensor, tables["given"], tables["declared"])
    archive.put(number, whole, names_of(units, whole, ids))
    return rest, images.drop("unit"), meant


def _units(gone: pl.Series, images: pl.DataFrame, heard: pl.DataFrame) -> pl.DataFrame:
    """Return a row per unit: what is missing of it (`rtml.captures.repairs.lacking`), when it was heard."""
    facts = lacking(images).with_columns(shown=pl.lit(True))
    named = pl.DataFrame({"unit": gone})
    rows = named.join(facts, left_on="unit", right_on="process_id", how="left", maintain_order="left")
    rows = rows.join(heard, on="unit", how="left", maintain_order="left")
    last = pl.max_horizontal("last", "since", "ended")
    return rows.with_columns(pl.col(pl.Boolean).fill_null(False), last=last)


def _parted(
    tables: _Tables, owners: pl.DataFrame, units: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """Return the rows that leave, with their ``unit``, and those that stay: what two have may be of both."""
    leave, stay = _halves(owners, units, "unit")
    only = leave.join(stay, on="key", how="anti").select("key").unique()
    away, rest = {}, {}
    for table, key in KEYS.items():
        away[table] = tables[table].join(
            leave, left_on=key, right_on="key", how="inner", maintain_order="left"
        )
        rest[table] = tables[table].join(only, left_on=key, right_on="key", how="anti", maintain_order="left")
    return away, rest


def _halves(rows: pl.DataFrame, units: pl.DataFrame, on: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    asked = units.select(pl.col("unit").alias(on))
    return (
        rows.join(asked, on=on, how="semi", maintain_order="left"),
        rows.join(asked, on=on, how="anti", maintain_order="left"),
    )


def repairs_over_all(archive: Archive, images: pl.DataFrame, begin: dt.datetime | None) -> dict[str, int]:
    """Count what is missing of all processes (`rtml.captures.repairs.repairs_of`), also of those put away."""
    rows = lacking(images)
    counts = archive.repairs(begin) + Counter(sums(rows, begin))
    pids = rows.select("host", "pid").drop_nulls("pid")
    here = pids.unique()
    elsewhere = archive.used(here)
    distinct = archive.sums.pids + here.height - elsewhere.height
    counts["pid reused"] = archive.sums.processes + pids.height - distinct
    return shown(counts)
