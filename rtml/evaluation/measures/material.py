"""What a measure may look at: one side, judged."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from rtml.evaluation.claims import placed, shown_events
from rtml.evaluation.matching import Matched
from rtml.evaluation.measure import RESAMPLES, Measure, refused
from rtml.evaluation.measures.windows import Confusion, confusion, flagged
from rtml.evaluation.ranking import Ranked, ranked_measures
from rtml.evaluation.roc import STATISTICS
from rtml.evaluation.sides import Side
from rtml.evaluation.track import Track
from rtml.times import UTC_NS

__all__ = ["Material"]


@dataclass(frozen=True)
class Material:
    """One judged side.

    Parameters
    ----------
    side, track
        As they were judged.
    findings
        A `FINDINGS` frame of the test time.
    matched
        What they hit and cost; it names them by row.
    days
        Container-days that the side judged.
    attacks
        One row per attack, as in `rtml.evaluation.ledger.Ledger`.
    ranked
        Null for a side without a score of every window.
    resamples
        Of the bootstrap; 0 leaves such intervals out.
    """

    side: Side
    track: Track
    findings: pl.DataFrame
    matched: Matched
    days: float
    attacks: pl.DataFrame
    ranked: Ranked | None
    resamples: int = RESAMPLES

    @cached_property
    def ranking(self) -> dict[str, Measure]:
        """Every statistic of the ranking, from one set of resamples."""
        if self.ranked is None:
            return dict.fromkeys(STATISTICS, refused("this side gives findings, no window scores"))
        return ranked_measures(self.ranked, self.track.seed, self.resamples)

    @cached_property
    def flagged(self) -> pl.DataFrame:
        """The test windows with ``flagged``: whether a claim lies over them."""
        return flagged(self.matched.claims, self.track.windows, self.track.every)

    @cached_property
    def confusion(self) -> Confusion:
        """Flagged windows against attack windows."""
        return confusion(self.flagged, self.track)

    @cached_property
    def false_findings(self) -> pl.DataFrame:
        """The findings that are charged for a false unit."""
        false = self.matched.claims.filter(pl.col("outcome") == "false")["finding"].unique()
        rows = self.findings.with_row_index("finding")
        return rows.filter(pl.col("finding").is_in(false.implode())).drop("finding")

    @cached_property
    def shown(self) -> pl.DataFrame:
        """Processes that findings name: ``finding, process_id``, their own and those of their evidence."""
        rows = placed(self.findings)
        events = shown_events(rows, self.track.event_processes, self.track.processes)
        named = [frame.select("finding", "process_id") for frame in (rows, events)]
        return pl.concat(named).drop_nulls().unique()

    @cached_property
    def detected(self) -> pl.DataFrame:
        """The attacks that were found, with ``delay_s`` and ``first_seen``."""
        return self.attacks.filter("found").with_columns(pl.col("first_seen").cast(UTC_NS))
