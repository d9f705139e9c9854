"""A track: everything that the sides are judged against, prepared once and the same for all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from scipy.sparse import csr_array

from rtml.errors import MissingError, RtmlError, did_you_mean
from rtml.evaluation.cells import tree_outcomes
from rtml.evaluation.incoming import account
from rtml.evaluation.labels.reading import validate
from rtml.evaluation.matching import GRACE, Matched, match
from rtml.evaluation.origins import groups_of
from rtml.evaluation.ranking import Ranked, ranks
from rtml.evaluation.sample import counts, notes
from rtml.evaluation.score_windows import refuse_other_containers, refuse_other_windows
from rtml.evaluation.split import assign
from rtml.evaluation.targets import overlaps, targets
from rtml.findings.about import about
from rtml.schema import FINDINGS, INFRASTRUCTURE, conform
from rtml.splits import Split
from rtml.times import MINUTE, UTC_NS, Length, Window, instant

__all__ = ["Track", "make_track"]


@dataclass(frozen=True)
class Track:
    """Test windows with their targets, test attacks, process facts and how findings are judged.

    ``windows`` holds ``container_id, window, complete, target`` of the test part, one row each;
    ``hits`` which test window overlaps which attack; ``split`` is null when the findings were
    made elsewhere (then nothing proves that they never saw the test time). ``test`` is when test
    time begins and ends, null when all of the time is judged. ``left_out``: labels that are not judged.
    ``active``: who did something when (`rtml.evaluation.activity.ACTIVITY`), null where it is not known;
    ``containers``: ``container_id`` and ``role`` of all that the capture holds, null where that is not known.
    """

    windows: pl.DataFrame
    labels: pl.DataFrame
    hits: pl.DataFrame
    processes: pl.DataFrame | None
    event_processes: pl.DataFrame | None
    split: Split | None
    test: tuple[dt.datetime, dt.datetime] | None
    every: Window
    grace: dt.timedelta
    seed: int
    notes: tuple[str, ...]
    counts: dict[str, int]
    left_out: pl.DataFrame
    active: pl.DataFrame | None = None
    containers: pl.DataFrame | None = None
    attack_events: pl.DataFrame | None = None
    """Events of the attacks' own processes (`rtml.evaluation.attack_events`), null where not given."""

    @property
    def container_days(self) -> float:
        """Observed test time, summed over containers."""
        return self.windows.height * self.every.length / dt.timedelta(days=1)

    def in_test(self, findings: pl.DataFrame) -> pl.DataFrame:
        """Return the findings that touch test time, cut to it, in containers that were observed.

        A finding about a workload counts where one of its containers was observed. Nothing is credited or
        charged for the time before the test.
        """
        observed = findings.filter(about(self.windows["container_id"].unique()))
        if self.test is None:
            return observed
        begin, end = (instant(at) for at in self.test)
        inside = observed.filter((pl.col("last_seen") >= begin) & (pl.col("first_seen") < end))
        return inside.with_columns(
            first_seen=pl.max_horizontal("first_seen", begin),
            last_seen=pl.min_horizontal("last_seen", end - pl.duration(nanoseconds=1, time_unit="ns")),
        )

    def account(self, findings: pl.DataFrame, side: str) -> list[str]:
        """Say which findings are not judged and why; too many of them are refused (`account`)."""
        known, outside = None, pl.Series([], dtype=pl.String)
        if self.containers is not None:
            known = self.containers["container_id"].to_list()
            outside = self.containers.filter(pl.col("role") == INFRASTRUCTURE)["container_id"]
        bounds = None if self.test is None else (instant(self.test[0]), instant(self.test[1]))
        return account(findings, side, self.windows["container_id"].unique(), known, outside, bounds)

    def match(self, findings: pl.DataFrame) -> Matched:
        """Judge findings of test time: the one matching behind ledger, curves and operating points."""
        return match(
            findings,
            self.labels,
            self.processes,
            self.event_processes,
            self.grace,
            active=self.active,
            every=self.every,
            left_out=self.left_out,
            containers=self.containers,
        )

    def judged(self, findings: pl.DataFrame) -> tuple[pl.DataFrame, Matched]:
        """Return what of a side's findings lies in test time and what it hits; one frame is judged once."""
        if id(findings) not in self._judged:
            self.judge_together([findings])
        return self._judged[id(findings)][1:]

    def judge_together(self, frames: Sequence[pl.DataFrame]) -> None:
        """Judge findings of several sides in one matching; `judged` then knows each of them.

        A finding is judged by itself, whatever stands beside it: small frames cost what one does.
        """
        tested = [self.in_test(conform(findings, FINDINGS)) for findings in frames]
        matched, first = self.match(pl.concat(tested)), 0
        for findings, rows in zip(frames, tested, strict=True):
            self._judged[id(findings)] = (findings, rows, matched.between(first, first + rows.height))
            first += rows.height

    @cached_property
    def _judged(self) -> dict[int, tuple[pl.DataFrame, pl.DataFrame, Matched]]:
        return {}

    @cached_property
    def trees(self) -> pl.DataFrame:
        """What an alarm on each process tree and window would hit or cost: `CELLS`.

        Made once, with the matching of the ledger, for curves and for the trivial rows. Where it is not known
        who was active, a window is one tree.
        """
        if self.active is None:
            trees = self.windows.select("container_id", "window", root_id=pl.lit(None, pl.Int64))
        else:
            trees = self.active.select("container_id", "window", "root_id").unique()
        return tree_outcomes(trees.sort("container_id", "window", "root_id"), self.every, self.match)

    def scored(self, scores: pl.DataFrame) -> pl.DataFrame:
        """Return the test windows with their ``score``; NaN and missing become null."""
        key = ["container_id", "window"]
        rows = scores.select(
            pl.col("container_id").cast(pl.String),
            pl.col("window").cast(UTC_NS),
            pl.col("score").cast(pl.Float64).fill_nan(None),
        )
        if rows.select(key).is_duplicated().any():
            raise RtmlError("scores: a container has two scores for one window; pass one detector")
        refuse_other_windows(rows, self.every)
        refuse_other_containers(rows, self.containers)
        return self.windows.join(rows, on=key, how="left", maintain_order="left")

    def ranked(self, scores: pl.DataFrame) -> Ranked:
        """Lay scores over the test windows as ranks; silence counts against who is silent.

        No opinion on a benign window ranks above every score, on an attack's window below: it would otherwise
        be the best answer wherever time is benign, which is nearly everywhere.
        """
        key = ["container_id", "window"]
        joined = self.scored(scores).filter(pl.col("target").is_not_null())
        positive = joined.filter(pl.col("target") == 1).select(key).with_row_index("row")
        columns = self.labels.select("attack_id", column=pl.Series(groups_of(self.labels) - 1))
        pairs = self.hits.join(positive, on=key).join(columns, on="attack_id")
        met = pairs.select(pl.col("row"), pl.col("column").rank("dense") - 1).unique().sort("row", "column")
        places = met["row"].to_numpy(), met["column"].to_numpy()
        shape = positive.height, met["column"].n_unique()
        attacks = csr_array((np.ones(met.height, bool), places), shape=shape)
        target, rank = joined["target"].to_numpy(), ranks(joined["score"])
        silent = rank == 0
        if not silent.all():
            rank[silent & (target == 0)] = rank.max() + 1
        container = joined["container_id"].rank("dense").to_numpy()
        return Ranked(rank, target, attacks, container, int(silent.sum()))

    def days_of(self, scores: pl.DataFrame | None) -> float:
        """Return the container-days that a side judged: those with a score, all where it gives no scores."""
        if scores is None:
            return self.container_days
        judged = self.scored(scores)["score"].count()
        return judged * self.every.length / dt.timedelta(days=1)


def make_track(
    windows: pl.DataFrame,
    labels: pl.DataFrame,
    processes: pl.DataFrame | None = None,
    event_processes: pl.DataFrame | None = None,
    split: Split | None = None,
    every: Length = MINUTE,
    grace: dt.timedelta = GRACE,
    seed: int = 0,
    test: tuple[dt.datetime, dt.datetime] | None = None,
    *,
    active: pl.DataFrame | None = None,
    containers: pl.DataFrame | None = None,
) -> Track:
    """Cut windows and labels to the test part and mark the positive windows.

    Parameters
    ----------
    windows
        ``container_id``, ``window`` (start, UTC) and ``complete``; one row per container and
        window that was observed, infrastructure left out.
    labels
        A `LABELS` frame; attacks outside test time are left out and counted in ``notes``.
    processes, event_processes
        See `rtml.evaluation.matching.match`.
    test
        Without a split: when test time begins and ends; null: all of the time is judged.
    active
        `rtml.evaluation.activity.ACTIVITY`: who did something when. Without it a finding that names no
        process is charged for one tree per slot.
    containers
        ``container_id`` and ``role`` of all containers of the capture: what findings may be about.

    Raises
    ------
    RtmlError
        Fails when a column is missing, a window occurs twice, or no window lies in test time.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> windows = pl.DataFrame({"container_id": ["c"], "window": [begin], "complete": [True]})
    >>> from rtml.schema import LABELS, empty
    >>> track = make_track(windows, empty(LABELS))
    >>> track.labels.height, round(track.container_days * 1440)
    (0, 1)
    """
    facts, window = _facts(windows), Window.of(every)
    attacks = validate(labels)
    if split is not None:
        test = split.bounds("test")
        facts = assign(facts, split, window).filter(pl.col("part") == "test").drop("part")
    elif test is not None:
        begin, end = (instant(at) for at in test)
        facts = facts.filter((pl.col("window") >= begin) & (pl.col("window") + window.span <= end))
    if facts.is_empty():
        raise RtmlError("no window lies in test time; move where it begins")
    test_attacks = _test_attacks(attacks, test)
    return Track(
        targets(facts, test_attacks, window, grace),
        test_attacks,
        overlaps(facts, test_attacks, window),
        processes,
        event_processes,
        split,
        test,
        window,
        grace,
        seed,
        notes(attacks, test_attacks, facts, window),
        counts(windows.join(facts, on="container_id", how="semi"), test_attacks),
        attacks.join(test_attacks, on="attack_id", how="anti"),
        None if active is None else active.join(facts, on=["container_id", "window"], how="semi"),
        containers,
    )


def _facts(windows: pl.DataFrame) -> pl.DataFrame:
    for name in ("container_id", "window"):
        if name not in windows.columns:
            hint = did_you_mean(name, windows.columns)
            raise MissingError(f"windows: no column {name!r}; {hint}")
    complete = pl.col("complete") if "complete" in windows.columns else pl.lit(None, pl.Boolean)
    facts = windows.select(
        pl.col("container_id").cast(pl.String), pl.col("window").cast(UTC_NS), complete=complete
    )
    if facts.select("container_id", "window").is_duplicated().any():
        raise RtmlError("windows: a container has two rows for one window")
    return facts.sort("container_id", "window")


def _test_attacks(attacks: pl.DataFrame, test: tuple[dt.datetime, dt.datetime] | None) -> pl.DataFrame:
    if test is None:
        return attacks
    begin, end = (instant(at) for at in test)
    return attacks.filter((pl.col("end") >= begin) & (pl.col("start") < end))
