"""One feature planted far outside a benign row: whoever explains the row must name it, and blame nobody else.

A row is taken that lies in the middle of what training held in every column (one at the edge has a culprit of
its own), and one value of it is put beyond the largest of its workload, by ten to a thousand times the range.
Columns that a detector does not look at are not planted in: a plant there changes no score.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from rtml.arrays import Array
from rtml.detectors import Detector
from rtml.schema import feature_columns
from rtml.testing.windows import windows

__all__ = ["EDGE", "Plants", "Verdict", "judged", "looked_at", "novel", "plants", "typical"]

EDGE = 0.1
"""Share of training at either end of a column that a typical row does not lie in."""

_FAR = (1.0, 3.0)
_PROBES = 16
_MOSTLY = 0.5
_SLACK = 1e-9


class Plants(NamedTuple):
    """Rows with one planted value each."""

    rows: pl.DataFrame
    culprits: list[str]
    """The planted column of each row."""


class Verdict(NamedTuple):
    """How often explanations were right."""

    plants: int
    first: int
    """The planted feature has the largest share."""
    signs: int
    """It has a share, and no other feature has one that makes the row more usual."""


def novel(seed: int = 1, rows: int = 40, workloads: tuple[str, ...] = ("web", "job", "db")) -> pl.DataFrame:
    """Return benign windows that hold surprises beyond chance, as real ones do: mostly none, some few bits.

    Examples
    --------
    >>> novel(rows=1).height
    3
    """
    frame, rng = windows(rows, workloads, seed), np.random.default_rng([seed, 1])
    names = ("a.bits_beyond", "b.read_bits_beyond", "b.write_bits_beyond", "c.bits_beyond", "c.never_seen")
    drawn = {name: rng.exponential(2.0, frame.height) * (rng.random(frame.height) < 0.4) for name in names}
    drawn["c.never_seen"] = rng.poisson(0.2, frame.height).astype(np.float64)
    return frame.with_columns(pl.Series(name, values) for name, values in drawn.items())


def typical(benign: pl.DataFrame, learnt: pl.DataFrame, edge: float = EDGE) -> pl.DataFrame:
    """Return the rows that lie in every column where the middle of their workload's training lies.

    Parameters
    ----------
    benign, learnt
        Rows to choose from, and what was learnt.
    edge
        Share of training that is taken for the edge at either end; 0: none.

    Examples
    --------
    >>> learnt = pl.DataFrame({"workload": ["web"] * 3, "a.x": [1.0, 2.0, 3.0]})
    >>> typical(pl.DataFrame({"workload": ["web"] * 2, "a.x": [1.0, 2.0]}), learnt)["a.x"].to_list()
    [2.0]
    """
    names = feature_columns(benign)
    bounds = learnt.group_by("workload").agg(
        pl.col(names).quantile(edge, "linear").name.prefix("_low "),
        pl.col(names).quantile(1 - edge, "linear").name.prefix("_high "),
    )
    placed = benign.join(bounds, on="workload", how="inner", maintain_order="left")
    inside = [pl.col(n).is_between(pl.col(f"_low {n}"), pl.col(f"_high {n}")).fill_null(True) for n in names]
    return placed.filter(pl.all_horizontal(inside)).select(benign.columns)


def plants(
    learnt: pl.DataFrame, benign: pl.DataFrame, columns: list[str], number: int, seed: int = 5
) -> Plants:
    """Return ``number`` rows drawn from ``benign``, with one of ``columns`` planted in each.

    Examples
    --------
    >>> planted = plants(windows(), windows(seed=2), ["a.y"], 3)
    >>> planted.culprits, bool((planted.rows["a.y"] > 80).all())
    (['a.y', 'a.y', 'a.y'], True)
    """
    rng = np.random.default_rng(seed)
    rows = benign[rng.integers(0, benign.height, number)]
    chosen = rng.integers(0, len(columns), number)
    return _planted(learnt, rows, columns, chosen, 10 ** rng.uniform(*_FAR, number))


def _planted(
    learnt: pl.DataFrame, rows: pl.DataFrame, columns: list[str], chosen: npt.NDArray[np.int64], far: Array
) -> Plants:
    """Put the chosen column of each row ``far`` ranges beyond the largest that its workload learnt."""
    reach = learnt.group_by("workload").agg(
        *(pl.col(n).max().alias(f"high {n}") for n in columns),
        *((pl.col(n).max() - pl.col(n).min()).clip(1.0).alias(f"span {n}") for n in columns),
    )
    placed = rows.select("workload").join(reach, on="workload", how="left", maintain_order="left")
    high, span = (placed.select(f"{what} {n}" for n in columns).to_numpy() for what in ("high", "span"))
    at = np.arange(rows.height), chosen
    value = pl.Series(high[at] + span[at] * far)
    culprit = pl.Series([columns[place] for place in chosen], dtype=pl.String)
    planted = [
        pl.when(culprit == name).then(value).otherwise(name).cast(rows.schema[name]).alias(name)
        for name in columns
    ]
    return Plants(rows.with_columns(planted), culprit.to_list())


def looked_at(detector: Detector, learnt: pl.DataFrame, benign: pl.DataFrame) -> list[str]:
    """Return the columns in which a plant makes most rows stranger: those that a detector looks at.

    Examples
    --------
    >>> from rtml.detectors.rarity import Rarity
    >>> detector = Rarity()
    >>> detector.learn(windows())
    >>> looked_at(detector, windows(), windows(seed=2))
    ['binaries.never_seen']
    """
    calm, names = benign[:: max(1, benign.height // _PROBES)], ["events", *feature_columns(benign)]
    usual, none = detector.score(calm), np.zeros(calm.height, np.int64)
    far = np.full(calm.height, 10 ** _FAR[1])
    planted = {name: _planted(learnt, calm, [name], none, far).rows for name in names}
    return [name for name in names if np.mean(detector.score(planted[name]) > usual) > _MOSTLY]


def judged(detector: Detector, planted: Plants) -> Verdict:
    """Explain every planted row, and count how often that was right.

    Examples
    --------
    >>> from rtml.detectors.surprise import Surprise
    >>> detector = Surprise()
    >>> detector.learn(windows())
    >>> judged(detector, plants(windows(), windows(seed=2), ["a.bits_top3", "b.bits_max"], 9))
    Verdict(plants=9, first=9, signs=9)
    """
    reasons = detector.explain(planted.rows)
    culprits = pl.DataFrame({"culprit": planted.culprits}).with_row_index("row")
    said = reasons.join(culprits, on="row", how="left", maintain_order="left")
    ours = said["feature"] == said["culprit"]
    foremost = said.with_columns(ours=ours).unique("row", keep="first", maintain_order=True)
    blamed = said.filter(ours)["row"].unique()
    wrong = _wrongly_blamed(detector, planted.rows, said.filter(~ours))
    signs = int((blamed.is_in(pl.Series(wrong, dtype=pl.UInt32).implode())).not_().sum())
    return Verdict(len(planted.culprits), int(foremost["ours"].sum()), signs)


def _wrongly_blamed(detector: Detector, rows: pl.DataFrame, others: pl.DataFrame) -> list[int]:
    """Return the rows that score higher once a blamed bystander is set to its usual value."""
    others = others.filter(pl.col("feature").is_in([*rows.columns]))
    if others.is_empty():
        return []
    place = others["row"].to_numpy()
    changed = rows[place].with_columns(
        pl.when(others["feature"] == name).then(others["usual"]).otherwise(name).alias(name)
        for name in others["feature"].unique().sort()
    )
    before: Array = detector.score(rows)[place]
    slack = _SLACK * np.maximum(1.0, np.abs(before))
    raised: npt.NDArray[np.bool_] = detector.score(changed) > before + slack
    return sorted(set(place[raised].tolist()))
