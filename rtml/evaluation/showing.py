"""What shows an attack: the events that a finding lists, else the root that it names, else time alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from rtml.evaluation.activity import rooted
from rtml.evaluation.targets import spread
from rtml.evaluation.trees import attack_trees, lineage_roots
from rtml.findings.unit import SLOT
from rtml.times import Length, Window, span

__all__ = ["CLAIM", "UNIT", "Facts"]

UNIT = ["container_id", "slot", "root_id"]
"""Names what a false finding costs: at most one of a process tree in a slot."""

CLAIM = ["finding", *UNIT]
"""Names a claim, see `rtml.evaluation.claims.CLAIMS`."""


@dataclass(frozen=True)
class Facts:
    """What is known about findings and processes, laid beside claims."""

    rows: pl.DataFrame
    shown: pl.DataFrame
    processes: pl.DataFrame | None
    active: pl.DataFrame | None
    grace: dt.timedelta
    every: Length

    def pairs(self, units: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
        """Return every claim and attack that it hits, with ``events, how, overlap, start, detected``."""
        trees = attack_trees(labels, self.processes)
        near = self._overlapping(units, labels)
        proven = self._proven(near, trees)
        wide = self._by_root(
            near.join(proven, on=[*CLAIM, "attack_id"], how="anti", nulls_equal=True), trees, labels
        )
        return pl.concat([proven, wide])

    def afterwards(self, units: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
        """Return the claims on an attack's own processes after its end: what is left of it."""
        trees = attack_trees(labels, self.processes)
        ended = labels.select("attack_id", "container_id", until=pl.col("end") + span(self.grace))
        roots = trees.rename({"process_id": "root_id"})
        named = rooted(self.rows.select("finding", "process_id").unique(), self.processes)
        mine = named.join(trees, on="process_id").drop("process_id")
        about = [units.join(roots, on="root_id"), units.join(mine, on=["finding", "root_id"])]
        own = pl.concat(about).join(ended, on=["attack_id", "container_id"])
        shown = self.shown.join(trees, on="process_id").join(ended, on=["attack_id", "container_id"])
        late = [own.filter(pl.col("begin") > pl.col("until")), shown.filter(pl.col("time") > pl.col("until"))]
        return pl.concat([rows.select(CLAIM) for rows in late]).unique()

    def _overlapping(self, units: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
        attacks = labels.select(
            "attack_id", "container_id", "start", "end", attack_process=pl.col("process_id")
        )
        ended = attacks.with_columns(pl.col("end") + span(self.grace))
        until, begin = pl.col("end_right"), pl.max_horizontal("begin", "start")
        return (
            units.join(spread(ended, "slot", Window.of(SLOT), units), on=["container_id", "slot"])
            .filter((pl.col("begin") <= until) & (pl.col("end") >= pl.col("start")))
            # A span that ends as the attack begins lies before it; a moment there does not.
            .filter((pl.col("end") > pl.col("start")) | (pl.col("begin") == pl.col("end")))
            .with_columns(until=until, overlap=pl.min_horizontal("end", until) - begin, when=begin)
        )

    def _proven(self, near: pl.DataFrame, trees: pl.DataFrame) -> pl.DataFrame:
        """Return the pairs whose evidence shows an event of the attack's tree in the attack's time."""
        key = [*CLAIM, "attack_id"]
        hits = (
            self.shown.filter("credited")
            .join(trees, on="process_id")
            .join(near.select(*key, "start", "until"), on=key)
            .filter(pl.col("time").is_between("start", "until").fill_null(True))
        )
        counted = hits.group_by(key).agg(events=pl.len().cast(pl.Int64), shown=pl.col("time").min())
        detected = pl.max_horizontal("shown", "start")
        return _pairs(near.join(counted, on=key).with_columns(how=pl.lit("process"), detected=detected))

    def _by_root(self, near: pl.DataFrame, trees: pl.DataFrame, labels: pl.DataFrame) -> pl.DataFrame:
        """Return the pairs that the root, or time alone, decides."""
        lineages = lineage_roots(labels, self.processes)
        members = trees.select("attack_id", pl.col("process_id").alias("root_id"), member=pl.lit(True))
        own = trees.select("attack_id", named=pl.col("process_id"), by_name=pl.lit(True))
        seen = self.shown.select(CLAIM).unique().with_columns(seen=pl.lit(True))
        any_seen = self.shown.select("finding").unique().with_columns(lists=pl.lit(True))
        names = self.rows.select("finding", "of_workload", named=pl.col("process_id")).unique("finding")
        rows = (
            near.join(names, on="finding")
            .join(lineages, on="attack_id", how="left")
            .join(members, on=["attack_id", "root_id"], how="left")
            .join(own, on=["attack_id", "named"], how="left")
            .join(seen, on=CLAIM, how="left", nulls_equal=True)
            .join(any_seen, on="finding", how="left")
            .filter(~pl.col("of_workload"))
        )
        blind = pl.col("seen").is_null()
        mine = blind & (pl.col("member") | pl.col("by_name")).fill_null(False)
        # Only who names the root itself means all that is below it: a named child is more exact.
        whole = pl.col("named").is_null() | (pl.col("named") == pl.col("root_id"))
        around = pl.col("lists").is_null() & whole & (pl.col("root_id") == pl.col("lineage")).fill_null(False)
        around &= self._alive(rows, trees)
        untold = pl.col("attack_process").is_null() | (blind & pl.col("root_id").is_null())
        kept = rows.filter(mine | around | untold).with_columns(
            how=pl.when(mine).then(pl.lit("process")).otherwise(pl.lit("time")),
            events=pl.lit(0, pl.Int64),
            detected=pl.col("when"),
        )
        return _pairs(kept)

    def _alive(self, rows: pl.DataFrame, trees: pl.DataFrame) -> pl.Series | pl.Expr:
        """Say whether the attack's processes did anything while the claim lasts; true where nobody knows."""
        if self.active is None:
            return pl.lit(True)
        did = self.active.join(trees, on="process_id").select("attack_id", "container_id", "window").unique()
        key = [*CLAIM, "attack_id"]
        length = Window.of(self.every).span
        during = (pl.col("window") <= pl.col("end")) & (pl.col("window") + length > pl.col("begin"))
        alive = rows.join(did, on=["attack_id", "container_id"]).filter(during).select(key).unique()
        known = alive.with_columns(alive=True)
        joined = rows.select(key).join(known, on=key, how="left", nulls_equal=True, maintain_order="left")
        return joined["alive"].fill_null(False)


def _pairs(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(*CLAIM, "begin", "attack_id", "events", "how", "overlap", "start", "detected")
