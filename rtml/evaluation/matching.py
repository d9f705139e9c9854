"""Which finding hits which attack, and what it costs: every claim is judged by itself.

A finding is laid out into claims of container x 5 minutes x lineage root (`rtml.evaluation.claims`). A
claim is

- **right** when it lies in an attack's container, overlaps ``[start, end + grace]`` and shows the attack:
  an event of its evidence belongs to the attack's process tree, or, without evidence there, its root does.
  A lineage root that holds the attack and more counts only for a finding that lists no event at all. Where
  the attack knows no process, time decides, and so it does where nothing is known of who was active;
- **neither** when it hits a label that was left out, or lies in the attack's own tree after the attack's end;
- **false** otherwise.

A claim is credited with at most one attack, and within an hour of its finding's begin. What a
finding about a workload shows is charged like any other once it is credited with an attack; before that it
is one change for people to read.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml.evaluation.claims import claims, placed, shown_events
from rtml.evaluation.showing import CLAIM, UNIT, Facts
from rtml.times import MINUTE, UTC_NS, Length, span

__all__ = ["GRACE", "LONGEST", "MATCHES", "Matched", "match"]

GRACE = dt.timedelta(seconds=60)
"""How long after an attack's end a finding still counts as its own: one default window."""

LONGEST = dt.timedelta(hours=1)
"""How far from its begin a finding is credited; the rest of a longer one is charged only."""

MATCHES = pl.Schema(
    [("finding", pl.UInt32()), ("attack_id", pl.String()), ("how", pl.String()), ("detected", UTC_NS)]
)
"""``finding`` = row of the findings frame, ``how`` = process or time, ``detected`` = event time."""


@dataclass(frozen=True)
class Matched:
    """What findings hit and cost.

    ``hits``: `MATCHES`, sorted. ``claims``: `rtml.evaluation.claims.CLAIMS` with ``outcome`` (right, false,
    neither) and ``of_workload``; those of changes that hit nothing are not among them. ``changes``: rows of
    findings about workloads that show no attack.
    """

    hits: pl.DataFrame
    claims: pl.DataFrame
    changes: list[int]

    @property
    def units(self) -> int:
        """What people must read: distinct container x 5 minutes x lineage root."""
        return self.claims.select(UNIT).n_unique() if self.claims.height else 0

    @property
    def false(self) -> int:
        """Units in which a claim is false: that another one there is right does not excuse it."""
        return self.false_units.height

    @property
    def false_units(self) -> pl.DataFrame:
        """The false units: ``container_id, slot, root_id``."""
        return self.claims.filter(pl.col("outcome") == "false").select(UNIT).unique().sort(UNIT)

    def only(self, rows: pl.Series) -> Matched:
        """Return what some of the findings (rows of the frame) hit and cost."""
        kept = rows.implode()
        return Matched(
            self.hits.filter(pl.col("finding").is_in(kept)),
            self.claims.filter(pl.col("finding").is_in(kept)),
            [row for row in self.changes if row in set(rows)],
        )

    def between(self, start: int, end: int) -> Matched:
        """Return what the findings from row ``start`` to before ``end`` hit and cost, numbered from 0.

        Examples
        --------
        >>> at = pl.Series([0, 0]).cast(UTC_NS)
        >>> hits = pl.DataFrame(dict(finding=[3, 7], attack_id="a", how="time", detected=at), schema=MATCHES)
        >>> Matched(hits, hits.select("finding"), [3]).between(7, 9).hits["finding"].to_list()
        [0]
        """
        inside = pl.col("finding").is_between(start, end, closed="left")
        renumbered = pl.col("finding") - pl.lit(start, pl.UInt32)
        hits, units = (table.filter(inside).with_columns(renumbered) for table in (self.hits, self.claims))
        return Matched(hits, units, [row - start for row in self.changes if start <= row < end])


def match(
    findings: pl.DataFrame,
    labels: pl.DataFrame,
    processes: pl.DataFrame | None = None,
    event_processes: pl.DataFrame | None = None,
    grace: dt.timedelta = GRACE,
    *,
    active: pl.DataFrame | None = None,
    every: Length = MINUTE,
    left_out: pl.DataFrame | None = None,
    containers: pl.DataFrame | None = None,
) -> Matched:
    """Judge findings against labels, claim by claim.

    Parameters
    ----------
    findings, labels
        Frames with the columns of `FINDINGS` and `LABELS`.
    processes
        ``process_id``, ``parent_id`` and, if there, ``root_id``; without it only an attack's root
        process itself is known to belong to it.
    event_processes
        ``host``, ``seq``, ``process_id`` and, if there, ``time`` and ``container_id`` of the events that
        evidence names.
    grace
        Time after an attack's end in which a claim still counts.
    active, every
        `rtml.evaluation.activity.ACTIVITY` and its window; null where it is not known.
    left_out
        Labels that are not judged: what hits them is neither right nor wrong.
    containers
        ``container_id`` and what names their peers: changes are of one workload; null where it is not known.

    Returns
    -------
    ``detected`` is the time of the first event in the attack's tree that the claim shows, else the
    later of its begin and the attack's start. No hit when nothing matches.

    Notes
    -----
    Fails when an attack lives in processes outside its root's tree (a handed-over cron job): such
    a finding counts as false. Label its root wider, or leave ``process_id`` null.
    """
    rows = placed(findings, containers)
    shown = shown_events(rows, event_processes, processes)
    units = claims(rows, shown, processes, active, every)
    facts = Facts(rows, shown, processes, active, grace, every)
    pairs = facts.pairs(units, labels)
    excused = [facts.afterwards(units, labels)]
    if left_out is not None:
        excused += [facts.pairs(units, left_out).select(CLAIM), facts.afterwards(units, left_out)]
    judged = _with_outcome(units, pairs, pl.concat(excused))
    about = rows.select("finding", "of_workload").unique()
    return _credited(judged.join(about, on="finding", maintain_order="left"), pairs, rows)


def _with_outcome(units: pl.DataFrame, pairs: pl.DataFrame, excused: pl.DataFrame) -> pl.DataFrame:
    """Add ``outcome``: right where a claim hits an attack, neither where it is excused, else false."""
    marks = [
        pairs.select(CLAIM).unique().with_columns(_outcome=pl.lit("right"), _rank=0),
        excused.unique().with_columns(_outcome=pl.lit("neither"), _rank=1),
    ]
    first = pl.concat(marks).sort("_rank").unique(CLAIM, keep="first", maintain_order=True)
    joined = units.join(first.drop("_rank"), on=CLAIM, how="left", nulls_equal=True, maintain_order="left")
    return joined.with_columns(outcome=pl.col("_outcome").fill_null("false")).drop("_outcome")


def _credited(judged: pl.DataFrame, pairs: pl.DataFrame, rows: pl.DataFrame) -> Matched:
    """Give each claim at most one attack; set changes without an attack aside."""
    begun = rows.group_by("finding").agg(begun=pl.col("first_seen").min())
    order = [*CLAIM, "events", "how", "overlap", "start", "attack_id"]
    downwards = [name in ("events", "overlap") for name in order]
    near = pl.col("begin") <= pl.col("begun") + span(LONGEST)
    best = (
        pairs.join(begun, on="finding")
        .filter(near)
        .sort(order, descending=downwards)
        .unique(CLAIM, keep="first", maintain_order=True)
    )
    share = judged.filter("of_workload").group_by("finding").agg(right=(pl.col("outcome") == "right").mean())
    attack = share.filter(pl.col("right") >= 0.5)["finding"]
    about = rows.filter("of_workload")["finding"].unique()
    changed = about.filter(~about.is_in(attack.implode())).sort()
    hits = (
        best.filter(~pl.col("finding").is_in(changed.implode()))
        .group_by("finding", "attack_id")
        .agg(pl.col("how").min(), pl.col("detected").min())
        .select(pl.col(name).cast(kind) for name, kind in MATCHES.items())
        .sort("finding", "attack_id")
    )
    kept = judged.filter(~pl.col("finding").is_in(changed.implode()))
    return Matched(hits, kept, changed.to_list())
