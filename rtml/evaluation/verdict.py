"""Judge one side on a track: what it found, what it got wrong, how early, how well it ranks."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rtml.evaluation.beside import beside_attacks
from rtml.evaluation.matching import Matched
from rtml.evaluation.measure import RESAMPLES, Measure, poisson_rate, refused, share
from rtml.evaluation.measures import Material, measure_all
from rtml.evaluation.origins import groups_of
from rtml.evaluation.ranking import HARD, Ranked, below_chance
from rtml.evaluation.reach import first_events
from rtml.evaluation.sides import Side, scores_of_findings
from rtml.evaluation.split import refuse_peeking
from rtml.evaluation.track import Track
from rtml.schema import FINDINGS, conform

__all__ = ["DELAY_RULE", "Verdict", "assess"]

DELAY_RULE = (
    "seconds from the attack's start; rules: to the first event that their finding shows; models: "
    "to the end of that event's window, because only a whole window is scored"
)

_RANKING = {"auroc": "auroc", "average_precision": "average_precision", "tpr": "tpr_at_fpr_1e-2"}
"""Columns of the summary and the statistics that they hold."""

_MANY_CHANGES = 10
_FROM_FINDINGS = "no window scores were given: ranked by findings, each in every window of its span"


@dataclass(frozen=True)
class Verdict:
    """One judged side. ``found`` and the counts are means for the random row, else whole numbers."""

    side: Side
    total: int
    found: float
    findings: float
    false: float
    recall: Measure
    rate: Measure
    auroc: Measure
    average_precision: Measure
    tpr: Measure
    delay: Measure
    attacks: pl.DataFrame
    remarks: list[str] = field(default_factory=list)
    flagged: float | None = None
    """Share of container time that its findings cover."""
    days: float = 0.0
    """Container-days that it judged."""
    measures: dict[str, Measure] = field(default_factory=dict)
    """See `rtml.evaluation.measures`; none for means over seeds."""
    changes: int = 0
    """Findings about workloads that changed, and that show no attack; not among the false ones."""
    beside: int | None = None
    """Of the false ones, those in the container and the time of an attack; null for means over seeds."""
    matched: Matched | None = None
    """What each claim of its findings came to; null for means over seeds."""


def assess(side: Side, track: Track, resamples: int = RESAMPLES) -> Verdict:
    """Return the verdict on a side: findings against attacks, scores against windows.

    Parameters
    ----------
    side
        Its findings are cut to test time; its scores are laid over the test windows; windows without a score
        count against it, are no time that it watched, and are remarked.
    track
        See `make_track`.
    resamples
        Bootstrap resamples of the ranking measures; 0 leaves their intervals out.

    Returns
    -------
    ``recall`` carries an exact binomial interval over recordings, ``auroc``, ``average_precision`` and
    ``tpr`` (at 1 % FPR) 95 % bootstrap intervals over attacks and benign containers, ``rate`` (false findings
    per container-day) an exact Poisson interval; ``delay`` is the median in seconds with its range,
    see `DELAY_RULE`.

    Raises
    ------
    RtmlError
        Fails when the side was fitted on data from test time and is not marked as an oracle.
    """
    if track.test is not None and not side.oracle:
        refuse_peeking(f"side {side.name!r}", side.fitted_until, track.test[0])
    incoming = conform(side.findings, FINDINGS)
    received = [] if side.kind == "trivial" else track.account(incoming, side.name)
    findings, matched = track.judged(side.findings)
    table = _per_attack(side, findings, matched.hits, track)
    ranked = _ranked(side, findings, track)
    days = track.days_of(side.scores if side.kind == "model" else None)
    material = Material(side, track, findings, matched, days, table, ranked, resamples)
    ranking = {column: material.ranking[name] for column, name in _RANKING.items()}
    return Verdict(
        side,
        track.labels.height,
        int(table["found"].sum()),
        matched.units,
        matched.false,
        recall=share(table["found"].to_numpy(), once=groups_of(track.labels)),
        rate=poisson_rate(matched.false, days),
        days=days,
        **ranking,
        delay=_delay(table),
        attacks=table,
        remarks=[
            *_remarks(side, ranked),
            *below_chance(ranking["auroc"]),
            *_mostly_changes(matched, findings),
            *received,
        ],
        measures=measure_all(material) if resamples else {},
        changes=len(matched.changes),
        flagged=int(material.flagged["flagged"].sum()) / material.flagged.height,
        beside=beside_attacks(matched.claims, pl.concat([track.labels, track.left_out])).height,
        matched=matched,
    )


def _per_attack(side: Side, findings: pl.DataFrame, hits: pl.DataFrame, track: Track) -> pl.DataFrame:
    """Return one row per attack: found, findings, when, delay in seconds, and by what evidence."""
    timed = first_events(findings, hits, track.every)
    first = timed.group_by("attack_id").agg(
        findings=pl.len().cast(pl.Int64),
        first_seen=pl.col("first_seen").min(),
        how=pl.col("how").min(),  # "process" sorts before "time": the better evidence is named
    )
    about = ("attack_id", "technique", "name", "container_id", "start", "end")
    return (
        track.labels.select(about)
        .join(first, on="attack_id", how="left", maintain_order="left")
        .select(
            *about,
            pl.lit(side.name).alias("side"),
            pl.lit(side.kind).alias("kind"),
            pl.col("findings").is_not_null().alias("found"),
            pl.col("findings").fill_null(0),
            "first_seen",
            _seconds(pl.col("first_seen") - pl.col("start")).alias("delay_s"),
            "how",
        )
    )


def _seconds(length: pl.Expr) -> pl.Expr:
    return length.dt.total_microseconds() / 1e6


def _delay(table: pl.DataFrame) -> Measure:
    delays = table["delay_s"].drop_nulls()
    if delays.is_empty():
        return refused("found no attack")
    low, middle, high = (float(delays.quantile(q, "linear") or 0.0) for q in (0, 0.5, 1))
    return Measure(middle, low, high, f"range over {len(delays)} found attacks")


def _ranked(side: Side, findings: pl.DataFrame, track: Track) -> Ranked | None:
    """Lay the side's window scores over the track; for rules without scores those of their findings."""
    if side.scores is not None:
        return track.ranked(side.scores)
    if side.kind == "rules":
        return track.ranked(scores_of_findings(findings, track.windows, track.every))
    return None


def _mostly_changes(matched: Matched, findings: pl.DataFrame) -> list[str]:
    """Say that a side calls most of its findings changes: whatever is called so costs nothing."""
    changes = len(matched.changes)
    if changes < _MANY_CHANGES or 2 * changes <= findings.height:
        return []
    return [
        f"{changes} of {findings.height} findings call themselves changes of workloads and are not charged "
        "as false: read them as such"
    ]


def _remarks(side: Side, ranked: Ranked | None) -> list[str]:
    if ranked is None:
        return []
    remarks = [_FROM_FINDINGS] if side.scores is None else []
    levels = len(np.unique(ranked.rank[ranked.rank > 0])) - bool(ranked.silent)
    if 0 < levels <= HARD:
        remarks.append(f"hard score: only {levels} level(s), so AUROC and AP are coarse")
    if ranked.silent:
        remarks.append(
            f"no opinion on {ranked.silent} of {len(ranked.rank)} windows: they count against it, and not as "
            "time that it watched"
        )
    return remarks
