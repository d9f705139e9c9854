"""What a finding claims, and is charged for: every slot in which a process tree that it flags was active.

A finding is worth what a person must look at. Long findings, findings without a process and findings that
merge many trees are therefore laid out into *claims* of container x 5 minutes x lineage root, the unit of
all findings (`rtml.findings.unit`), and each claim is judged by itself:

- a finding with a process claims its lineage root in every slot that it covers and in which that root did
  something;
- its evidence claims the roots that it shows, where it shows them;
- a finding that knows no process claims all roots that were active in the slots that it covers, but for
  slots in which its evidence names the processes;
- a finding about a workload claims what its evidence shows, nothing else.
"""

from __future__ import annotations

import polars as pl

from rtml.evaluation.activity import rooted
from rtml.evaluation.showing import CLAIM
from rtml.findings.unit import MOST_EVIDENCE, SLOT, slot_of
from rtml.peers import peer_group
from rtml.schema import empty
from rtml.times import MINUTE, UTC_NS, Length, Window

__all__ = ["CHANGE", "CLAIMS", "SHOWN", "claims", "placed", "shown_events"]

CHANGE = "Change:"
"""How the type of a finding about a workload begins whose replicas changed together."""

CLAIMS = pl.Schema(
    [
        ("finding", pl.UInt32()),
        ("container_id", pl.String()),
        ("slot", UTC_NS),
        ("root_id", pl.Int64()),
        ("begin", UTC_NS),
        ("end", UTC_NS),
    ]
)
"""One row per unit that a finding is charged for; ``root_id`` null: nobody knows who was active."""

SHOWN = pl.Schema(
    [
        ("finding", pl.UInt32()),
        ("container_id", pl.String()),
        ("slot", UTC_NS),
        ("root_id", pl.Int64()),
        ("process_id", pl.Int64()),
        ("time", UTC_NS),
        ("credited", pl.Boolean()),
    ]
)
"""Events that findings list, resolved: whose process they are of. ``time`` null where events tell none; those
beyond the first `MOST_EVIDENCE` of a finding are charged but not ``credited``: nobody reads them."""

_SLOT = Window.of(SLOT)
_TICK = pl.duration(nanoseconds=1, time_unit="ns")


def placed(findings: pl.DataFrame, containers: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return one row per finding and container, with the columns that matching needs.

    ``of_workload``: the finding is about a workload whose replicas changed together, two at least. Findings
    of any other type that list containers are findings about each of them, and so are those that list
    ``containers`` of several peer groups (`rtml.peers`; null: not known, all may be of one).
    """
    listed = pl.col("containers") if "containers" in findings.columns else pl.lit(None, pl.List(pl.String))
    several = pl.col("container_id").is_null() & (listed.list.len().fill_null(0) > 0)
    rows = findings.with_row_index("finding").select(
        "finding",
        pl.when(several).then(listed).otherwise(pl.concat_list("container_id")).alias("container_id"),
        pl.col("process_id").cast(pl.Int64),
        pl.col("first_seen", "last_seen").cast(UTC_NS),
        "evidence",
        of_workload=several
        & (listed.list.n_unique() > 1)
        & pl.col("type").str.starts_with(CHANGE).fill_null(False),
    )
    apiece = rows.explode("container_id", empty_as_null=False).drop_nulls("container_id")
    named = containers is not None and {"workload", "image"} & set(containers.columns)
    return _of_one_workload(apiece, containers) if containers is not None and named else apiece


def _of_one_workload(rows: pl.DataFrame, containers: pl.DataFrame) -> pl.DataFrame:
    """Keep ``of_workload`` only where a finding's known containers are two at least, and peers."""
    named = containers.select("container_id", _peers=peer_group(containers.columns))
    joined = rows.join(
        named.unique("container_id", maintain_order=True),
        on="container_id",
        how="left",
        maintain_order="left",
    )
    known = pl.col("_peers").drop_nulls()
    together = ((known.n_unique() == 1) & (known.len() > 1)).over("finding")
    return joined.with_columns(pl.col("of_workload") & together).drop("_peers")


def shown_events(
    rows: pl.DataFrame, events: pl.DataFrame | None, processes: pl.DataFrame | None
) -> pl.DataFrame:
    """Resolve the events that each finding lists (`SHOWN`).

    An event outside the span of its finding, or of another container, shows nothing.

    Parameters
    ----------
    rows
        See `placed`.
    events
        ``host, seq, process_id`` and, if there, ``time`` and ``container_id``.
    """
    if events is None or rows.is_empty():
        return empty(SHOWN)
    listed = (
        rows.select("finding", "container_id", "first_seen", "last_seen", "evidence")
        .filter(pl.col("evidence").list.len() > 0)
        .with_columns(place=pl.int_ranges(pl.col("evidence").list.len()))
        .explode("evidence", "place", empty_as_null=False)
        .drop_nulls("evidence")
        .unnest("evidence")
        .with_columns(credited=pl.col("place") < MOST_EVIDENCE)
    )
    joined = listed.join(_resolved(events), on=["host", "seq"]).drop_nulls("process_id")
    inside = pl.col("time").is_between("first_seen", "last_seen").fill_null(True)
    here = (pl.col("of") == pl.col("container_id")).fill_null(True)
    kept = joined.filter(inside & here).with_columns(at=pl.coalesce("time", "first_seen"))
    return rooted(kept, processes).select(
        slot_of("at") if name == "slot" else pl.col(name).cast(kind) for name, kind in SHOWN.items()
    )


def _resolved(events: pl.DataFrame) -> pl.DataFrame:
    absent = {"time": pl.lit(None, UTC_NS), "container_id": pl.lit(None, pl.String)}
    columns = {name: pl.col(name) if name in events.columns else null for name, null in absent.items()}
    return events.select(
        pl.col("host").cast(pl.String),
        "seq",
        pl.col("process_id").cast(pl.Int64),
        columns["time"].cast(UTC_NS).alias("time"),
        columns["container_id"].cast(pl.String).alias("of"),
    ).unique(["host", "seq"], keep="first", maintain_order=True)


def claims(
    rows: pl.DataFrame,
    shown: pl.DataFrame,
    processes: pl.DataFrame | None = None,
    active: pl.DataFrame | None = None,
    every: Length = MINUTE,
) -> pl.DataFrame:
    """Return what each finding is charged for (`CLAIMS`): at least one unit, unless it is about a workload.

    Parameters
    ----------
    rows, shown
        See `placed` and `shown_events`.
    processes
        ``process_id`` and ``root_id``: a finding that names a child is charged for the tree.
    active
        `rtml.evaluation.activity.ACTIVITY`; null where it is not known: then each slot that a finding covers
        is a unit of its own root.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> at = pl.Series([0, 12 * 60 * 10**9]).cast(UTC_NS)
    >>> row = {"container_id": "c", "first_seen": at[:1], "last_seen": at[1:]}
    >>> long = conform(pl.DataFrame(row), FINDINGS)
    >>> claims(placed(long), pl.DataFrame(schema=SHOWN)).height
    3
    """
    single = rooted(rows.filter(~pl.col("of_workload")), processes)
    evidence = shown.select(CLAIM)
    named = single.filter(pl.col("process_id").is_not_null())
    nameless = single.filter(pl.col("process_id").is_null())
    if active is None:
        own, crowd = _slots(named), _slots(nameless.with_columns(root_id=pl.lit(None, pl.Int64)))
    else:
        own, crowd = _active(named, active, every), _active(nameless.drop("root_id"), active, every)
    crowd = crowd.join(evidence, on=["finding", "container_id", "slot"], how="anti")
    units = pl.concat([own, crowd, evidence]).unique()
    bare = single.join(units, on=["finding", "container_id"], how="anti").select(
        "finding", "container_id", slot_of("first_seen"), "root_id"
    )
    return _cut(pl.concat([units, bare]), rows)


def _slots(rows: pl.DataFrame) -> pl.DataFrame:
    """Return every slot between the first and the last event of each finding."""
    slots = pl.datetime_ranges(slot_of("first_seen"), "last_seen", SLOT, time_unit="ns")
    return rows.with_columns(slot=slots).explode("slot", empty_as_null=False).select(CLAIM)


def _active(rows: pl.DataFrame, active: pl.DataFrame, every: Length) -> pl.DataFrame:
    """Return the slots in which the roots of the findings, or all roots, did something."""
    key = [name for name in ("container_id", "root_id") if name in rows.columns]
    spans = rows.select(*key, "finding", Window.of(every).start("first_seen").alias("from"), "last_seen")
    windows = active.select("container_id", "window", "root_id").unique()
    inside = (pl.col("window") >= pl.col("from")) & (pl.col("window") <= pl.col("last_seen"))
    return (
        windows.join(spans, on=key)
        .filter(inside)
        .select("finding", "container_id", slot_of("window"), "root_id")
        .unique()
    )


def _cut(units: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Add the part of each slot that its finding covers."""
    spans = rows.select("finding", "container_id", "first_seen", "last_seen")
    last = pl.col("slot") + _SLOT.span - _TICK
    return (
        units.join(spans, on=["finding", "container_id"])
        .with_columns(begin=pl.max_horizontal("slot", "first_seen"), end=pl.min_horizontal(last, "last_seen"))
        .select(pl.col(name).cast(kind) for name, kind in CLAIMS.items())
        .sort(CLAIM, nulls_last=True)
    )
