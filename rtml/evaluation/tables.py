"""Judge scores of labelled rows: windows, flows, traces, single events; container-days are optional.

`rtml.evaluation.track` judges findings in container time; here a row is all there is. An attack is found when
one of its rows is flagged; what is flagged among benign rows is false, as a share of them, and per
container-day where a row is so much time of one container. Rows whose label is null count neither way.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy import stats

from rtml.errors import RtmlError
from rtml.evaluation.measure import Measure, interval, poisson_rate, refused, share
from rtml.evaluation.ranking import Ranked, ranked_measures, ranks
from rtml.evaluation.roc import STATISTICS

__all__ = ["NEEDED", "TableVerdict", "judge_rows", "kept_share"]

NEEDED = ("part", "group", "attack", "attack_id", "score", "flagged")
"""Columns of a table to judge: see `judge_rows`."""

_DAY = 86_400.0
_RANKED = {name: STATISTICS[name] for name in ("auroc", "average_precision")}
_RESAMPLES = 1000
_GROUPS = 10  # fewer groups make no interval of their own
_MOST_CELLS = 60_000_000  # attack rows x attacks, and attack rows x resamples


@dataclass(frozen=True)
class TableVerdict:
    """What one score did on one table of rows.

    ``found`` of ``attacks`` (with ``recall``), ``caught`` of ``positives`` attack rows, ``false`` of
    ``benign`` rows; ``false_share`` of benign rows and ``rate`` per container-day; ``prevalence`` is what a
    random score reaches in average precision. ``remarks`` say what the table cannot carry.
    """

    attacks: int
    found: int
    recall: Measure
    positives: int
    caught: int
    benign: int
    false: int
    false_share: Measure
    rate: Measure
    auroc: Measure
    average_precision: Measure
    prevalence: float | None
    remarks: list[str] = field(default_factory=list)


def judge_rows(rows: pl.DataFrame, row_seconds: float | None = None, seed: int = 0) -> TableVerdict:
    """Judge the scores of test rows.

    Parameters
    ----------
    rows
        ``part`` and ``group`` (scenario and run, or host), ``attack`` (1, 0, null: neither way),
        ``attack_id``, ``score`` (null or NaN: no opinion, which ranks lowest), ``flagged`` (null everywhere:
        no threshold could be chosen). row_seconds
        How much time of one container a row is; null: rows are no time, and there is no rate.
    seed
        Of the resampling.

    Returns
    -------
    ``recall`` over attacks, exact, by the effective number of them where several are of one part. The
    interval of ``false_share`` is the wider of the exact one over rows and of one that resamples groups:
    rows of a run are no independent trials. AUROC and average precision resample attacks and groups; their
    intervals are left out where the table is too large for that.

    Raises
    ------
    RtmlError
        No row is benign: nothing could be false.

    Examples
    --------
    >>> rows = pl.DataFrame({
    ...     "part": "all", "group": ["a", "a", "b", "b"], "attack": [0, 0, 0, 1],
    ...     "attack_id": [None, None, None, "x"], "score": [1.0, 2, 1, 9],
    ...     "flagged": [False, True, False, True],
    ... })
    >>> one = judge_rows(rows)
    >>> (one.found, one.attacks, one.false, one.benign), one.rate.reason, one.auroc.value
    ((1, 1, 1, 3), 'rows are no time of a container: rates are per row', 1.0)
    """
    counted = rows.select(NEEDED).filter(pl.col("attack").is_not_null())
    positive, benign = counted.filter(pl.col("attack") == 1), counted.filter(pl.col("attack") == 0)
    if benign.is_empty():
        raise RtmlError(f"no benign row among {counted.height:,} labelled ones: nothing could be false")
    ranked, remarks = _ranked(counted, positive)
    flags = counted["flagged"].null_count() < counted.height
    each = _found(positive)
    found = each["flagged"].to_numpy()
    false = int(benign["flagged"].sum() or 0)
    # As many draws as fit: large tables have narrow intervals.
    draws = min(_RESAMPLES, _MOST_CELLS // max(positive.height, 1))
    draws = draws if draws >= _RESAMPLES // 5 and ranked.attacks.size else 0
    ranking = ranked_measures(ranked, seed, draws, _RANKED)
    unknown = refused("no threshold: there are no calibration rows")
    return TableVerdict(
        attacks=len(found),
        found=int(found.sum()),
        recall=share(found, _codes(each["part"])) if flags else unknown,
        positives=positive.height,
        caught=int(positive["flagged"].sum() or 0),
        benign=benign.height,
        false=false,
        false_share=_false_share(benign, seed) if flags else unknown,
        rate=_rate(false, benign.height, row_seconds) if flags else unknown,
        auroc=ranking["auroc"],
        average_precision=ranking["average_precision"],
        prevalence=positive.height / counted.height,
        remarks=remarks,
    )


def _found(positive: pl.DataFrame) -> pl.DataFrame:
    """Return of each attack its part, and whether one of its rows is flagged."""
    each = positive.group_by("attack_id").agg(pl.col("part").first(), pl.col("flagged").any())
    return each.with_columns(pl.col("flagged").fill_null(False)).sort("attack_id")


def _ranked(counted: pl.DataFrame, positive: pl.DataFrame) -> tuple[Ranked, list[str]]:
    ids = positive["attack_id"].fill_null("?")
    names = ids.unique().sort()
    remarks = []
    members = np.zeros((0, 0), dtype=bool)
    if len(ids) * len(names) <= _MOST_CELLS:
        members = ids.to_numpy()[:, None] == names.to_numpy()[None, :]
    else:
        remarks.append("too large for intervals of the ranking")
    silent = counted["score"].cast(pl.Float64).fill_nan(None).null_count()
    if silent:
        remarks.append(f"no opinion on {silent / counted.height:.1%} of rows: they rank lowest")
    target, runs = counted["attack"].to_numpy(), _codes(counted["group"])
    return Ranked(ranks(counted["score"]), target, members, runs), remarks


def _codes(names: pl.Series) -> np.ndarray:
    """Return a number per name."""
    return names.fill_null("?").rank("dense").to_numpy()


def _false_share(benign: pl.DataFrame, seed: int) -> Measure:
    """Return the share of benign rows that are flagged."""
    false, rows = int(benign["flagged"].sum()), benign.height
    exact = stats.binomtest(false, rows).proportion_ci(0.95, method="exact")
    measure = Measure(false / rows, float(exact.low), float(exact.high), "exact over rows")
    runs = benign.group_by("group").agg(hits=pl.col("flagged").sum(), of=pl.len()).sort("group")
    return _wider(measure, runs, "groups", seed)


def _wider(measure: Measure, clusters: pl.DataFrame, what: str, seed: int) -> Measure:
    """Widen an interval to that which resamples clusters (``hits``, ``of``), if there are enough."""
    if measure.low is None or measure.high is None or clusters.height < _GROUPS or not clusters["hits"].sum():
        return measure
    draws = np.random.default_rng(seed).integers(0, clusters.height, (_RESAMPLES, clusters.height))
    hits, of = (clusters[name].to_numpy()[draws].sum(axis=1) for name in ("hits", "of"))
    low, high = interval(hits / of)
    how = f"wider of {measure.method} and over {clusters.height} {what}"
    return Measure(measure.value, min(measure.low, low), max(measure.high, high), how)


def _rate(false: int, rows: int, row_seconds: float | None) -> Measure:
    if row_seconds is None:
        return refused("rows are no time of a container: rates are per row")
    return poisson_rate(false, rows * row_seconds / _DAY)


def kept_share(measure: Measure, asked: float) -> str:
    """Say whether a share that was asked for held: ``broken`` where its whole interval lies above it.

    Examples
    --------
    >>> kept_share(Measure(0.002, 0.0015, 0.003), 0.001), kept_share(Measure(0.002, 0.0, 0.01), 0.001)
    ('broken', 'held')
    """
    if measure.low is None:
        return ""
    return "broken" if measure.low > asked else "held"
