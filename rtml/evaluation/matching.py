"""Which finding hits which attack: same container, same time, and the same processes if known.

An attack is found when a finding lies in its container, overlaps ``[start, end + grace]`` and,
where both know their process, the finding's lineage root or its evidence belongs to the attack's
process tree. Where one of them knows no process, time decides, and then for one attack only: the
one that the finding overlaps longest. A finding that hits no attack is false.

A finding about a workload (`rtml.schema.FINDINGS` with ``containers``) hits what its evidence shows, in each
of its containers; time alone never decides for it.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from rtml.evaluation.trees import attack_trees, lineage_roots
from rtml.findings.unit import slot_of
from rtml.schema import empty
from rtml.times import UTC_NS, span

__all__ = ["GRACE", "MATCHES", "about_workload", "changes_reported", "match", "units"]

GRACE = dt.timedelta(seconds=60)
"""How long after an attack's end a finding still counts as its own: one default window."""

MATCHES = pl.Schema(
    [("finding", pl.UInt32()), ("attack_id", pl.String()), ("how", pl.String()), ("detected", UTC_NS)]
)
"""``finding`` = row of the findings frame, ``how`` = process or time, ``detected`` = event time."""


def match(
    findings: pl.DataFrame,
    labels: pl.DataFrame,
    processes: pl.DataFrame | None = None,
    event_processes: pl.DataFrame | None = None,
    grace: dt.timedelta = GRACE,
    *,
    several: bool = False,
) -> pl.DataFrame:
    """Return one row per finding and attack that it hits, sorted (see `MATCHES`).

    Parameters
    ----------
    findings, labels
        Frames with the columns of `FINDINGS` and `LABELS`.
    processes
        ``process_id``, ``parent_id`` and, if there, ``root_id``; without it only an attack's root
        process itself is known to belong to it.
    event_processes
        ``host``, ``seq``, ``process_id`` and ``time`` of the events that evidence names.
    grace
        Time after an attack's end in which a finding still counts.
    several
        Let one finding hit every attack that it overlaps in time. Only for whole-window flags of
        the trivial baselines, which know no process: generous to them.

    Returns
    -------
    ``detected`` is the time of the first event in the attack's tree that the finding shows, else
    the later of ``first_seen`` and the attack's start. No row when nothing matches.

    Notes
    -----
    Fails when an attack lives in processes outside its root's tree (a handed-over cron job): such
    a finding counts as false. Label its root wider, or leave ``process_id`` null.
    """
    if findings.is_empty() or labels.is_empty():
        return empty(MATCHES)
    rows = findings.with_row_index("finding")
    pairs = _overlapping(rows, labels, grace)
    seen = _seen_processes(rows, event_processes)
    shown = seen.join(attack_trees(labels, processes), on="process_id")
    proven = shown.group_by("finding", "attack_id").agg(shown=pl.col("time").min())
    by_process = pairs.join(proven, on=["finding", "attack_id"]).with_columns(
        how=pl.lit("process"),
        detected=pl.when(pl.col("shown").is_not_null()).then(pl.max_horizontal("shown", "start")),
    )
    open_pairs = pairs.join(by_process, on="finding", how="anti")
    by_time = _by_time(open_pairs, _knows(rows, seen), lineage_roots(labels, processes), several=several)
    matches = pl.concat([by_process.select(_KEEP), by_time.select(_KEEP)])
    return (
        matches.with_columns(pl.col("detected").fill_null(pl.col("when")))
        .select(pl.col(name).cast(kind) for name, kind in MATCHES.items())
        .sort("finding", "attack_id")
    )


_KEEP = ("finding", "attack_id", "how", "detected", "when")


def _overlapping(rows: pl.DataFrame, labels: pl.DataFrame, grace: dt.timedelta) -> pl.DataFrame:
    attacks = labels.select("attack_id", "container_id", "start", "end", attack_process=pl.col("process_id"))
    until = pl.col("end") + span(grace)
    begin = pl.max_horizontal("first_seen", "start")
    columns = ("finding", "container_id", "first_seen", "last_seen", "process_id")
    return (
        _by_container(rows)
        .select(columns)
        .join(attacks, on="container_id")
        .filter((pl.col("first_seen") <= until) & (pl.col("last_seen") >= pl.col("start")))
        .with_columns(when=begin, overlap=pl.min_horizontal("last_seen", until) - begin)
    )


def _by_container(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row per finding and container: a finding about a workload has several."""
    if "containers" not in rows.columns:
        return rows
    several = pl.col("containers").list.len().fill_null(0) > 0
    apart = rows.filter(several).with_columns(container_id="containers").explode("container_id")
    return pl.concat([rows.filter(~several), apart])


def _seen_processes(rows: pl.DataFrame, events: pl.DataFrame | None) -> pl.DataFrame:
    """Return ``finding, process_id, time``: the lineage root and the processes of the evidence."""
    roots = rows.select(
        "finding", "process_id", time=pl.lit(None, UTC_NS), evidence=pl.lit(False)
    ).drop_nulls("process_id")
    if events is None:
        return roots
    times = pl.col("time").cast(UTC_NS) if "time" in events.columns else pl.lit(None, UTC_NS)
    event_processes = events.select(pl.col("host").cast(pl.String), "seq", "process_id", time=times)
    shown = (
        rows.select("finding", "evidence")
        .explode("evidence", empty_as_null=False)
        .drop_nulls()
        .unnest("evidence")
        .join(event_processes.unique(["host", "seq"], keep="first"), on=["host", "seq"])
        .drop_nulls("process_id")
        .select("finding", "process_id", "time", evidence=pl.lit(True))
    )
    return pl.concat([roots, shown])


def _knows(rows: pl.DataFrame, seen: pl.DataFrame) -> pl.DataFrame:
    """Return per finding whether it knows any process, and whether any evidence was resolved."""
    processes = seen.group_by("finding").agg(by_evidence=pl.col("evidence").any())
    return rows.select("finding", of_workload=about_workload(rows)).join(processes, on="finding", how="left")


def about_workload(findings: pl.DataFrame) -> pl.Expr:
    """Say which findings are about a workload, not about a container."""
    if "containers" not in findings.columns:
        return pl.lit(False)
    return pl.col("container_id").is_null() & (pl.col("containers").list.len().fill_null(0) > 0)


def _by_time(
    pairs: pl.DataFrame, knows: pl.DataFrame, lineages: pl.DataFrame, *, several: bool
) -> pl.DataFrame:
    """Keep the pairs that only time can decide; each finding once, unless ``several``."""
    unknown = pl.col("attack_process").is_null() | pl.col("by_evidence").is_null()
    unknown &= ~pl.col("of_workload")
    # A lineage that holds the attack and more, without evidence: the process cannot decide.
    wide = ~pl.col("by_evidence") & (pl.col("process_id") == pl.col("lineage"))
    left = (
        pairs.join(knows, on="finding", how="left")
        .join(lineages, on="attack_id", how="left")
        .filter(unknown | wide.fill_null(False))
        .with_columns(how=pl.lit("time"), detected=pl.lit(None, UTC_NS))
        .sort(["finding", "overlap", "start", "attack_id"], descending=[False, True, False, False])
    )
    return left if several else left.unique("finding", keep="first", maintain_order=True)


def units(findings: pl.DataFrame, matches: pl.DataFrame) -> tuple[int, int]:
    """Count what people must read: distinct units, and those of findings that hit no attack.

    Findings about a workload that changed are not counted here: `changes_reported` counts them.

    Returns
    -------
    ``(units, false units)`` of container x 5 minutes x lineage root. A unit in which one finding
    hits an attack and another hits none counts as false too: the stricter of the two readings.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> at = pl.Series([0, 60 * 10**9]).cast(UTC_NS)
    >>> two = conform(pl.DataFrame({"container_id": ["c", "c"], "first_seen": at}), FINDINGS)
    >>> units(two, empty(MATCHES))
    (1, 1)
    """
    single = findings.with_row_index("finding").filter(~about_workload(findings))
    keyed = single.select("finding", "container_id", "process_id", slot_of("first_seen"))
    key = ["container_id", "slot", "process_id"]
    false = keyed.join(matches, on="finding", how="anti")
    return keyed.unique(key).height, false.unique(key).height


def changes_reported(findings: pl.DataFrame, matches: pl.DataFrame) -> int:
    """Count the findings about workloads that show no attack: roll-outs and new settings that people read.

    Examples
    --------
    >>> from rtml.schema import FINDINGS, conform
    >>> one = conform(pl.DataFrame({"containers": [["c", "d"]]}), FINDINGS)
    >>> changes_reported(one, empty(MATCHES)), units(one, empty(MATCHES))
    (1, (0, 0))
    """
    rows = findings.with_row_index("finding").filter(about_workload(findings))
    return rows.join(matches, on="finding", how="anti").height
