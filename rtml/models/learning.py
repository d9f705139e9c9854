"""What a model is made from: trees to learn and to calibrate on, and the outliers among them.

Nobody labels the learning time. So it is searched first: the trees that surprise far beyond the tail of all
others (`rtml.models.tails`, one in `TRIMMED` container-days) are set aside as outliers, listed for people to
look at, and neither counted into the baseline nor learnt by a detector: an attack in the learning time must
not become normal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from rtml import baselines, features
from rtml.baselines import Baseline
from rtml.captures import Capture
from rtml.captures.processes import BY_TIME
from rtml.errors import RtmlError
from rtml.features.prequential import prequential_windows
from rtml.features.reader import Piece, Reader, Readers, own_reader
from rtml.features.source import Source
from rtml.models.alarm import DAY
from rtml.models.judging import TREE
from rtml.models.tails import Prior, fit_tail
from rtml.peers import peer_groups
from rtml.schema import empty, feature_columns
from rtml.splits import Split, at_edge, borders
from rtml.text import basename, visible
from rtml.times import Window

__all__ = [
    "OUTLIERS",
    "Material",
    "container_days",
    "container_time",
    "material",
    "novelty",
    "outliers_of",
    "without",
]

_UTC = pl.Datetime("ns", "UTC")
_BITS = Prior(0.1, 4.0)  # the tail of `novelty`, as outliers are sought
OUTLIERS = pl.Schema(
    {
        "part": pl.String(),
        "container_id": pl.String(),
        "host": pl.String(),
        "workload": pl.String(),
        "process_id": pl.Int64(),
        "first_seen": _UTC,
        "last_seen": _UTC,
        "bits": pl.Float64(),
        "title": pl.String(),
    }
)
"""Trees of the learning time that stand far outside: ``bits`` are beyond chance, summed over families."""


@dataclass(frozen=True)
class Material:
    """Trees to learn from and to calibrate on, the baseline of both, and the outliers.

    ``later`` knows the training and the calibration time. Thresholds are set by what knew the training time
    alone; new events are compared with ``later``, which can only make ordinary work more usual.
    """

    learnt: pl.DataFrame
    held: pl.DataFrame
    later: Baseline
    outliers: pl.DataFrame


def material(
    capture: Capture,
    split: Split,
    window: Window,
    families: Iterable[str] | None,
    blocks: int,
    usual: frozenset[tuple[str, int]] = frozenset(),
    readers: Readers = own_reader,
    vouched: bool = False,
) -> Material:
    """Feature the trees of a capture for training and for calibration.

    Parameters
    ----------
    capture, split, window, families, blocks
        See `rtml.models.train`.
    usual
        Trees (host, root) that are no outliers.
    readers
        Who reads the events.
    vouched
        Somebody says that no attack is left in this time: no tree is an outlier.

    Raises
    ------
    RtmlError
        A part of the split holds no window.
    """
    span = borders(capture, window)
    calibrate, test = (at_edge(*span, edge, window) for edge in (split.calibrate, split.test))
    border, end = window.border(calibrate), window.border_before(test)
    own = features.families_of(families)
    source = features.source_of(capture, None, window, families, "tree")
    with readers(capture, source, own) as reader:
        learnt, baseline = prequential_windows(
            source, own, blocks, beyond_peers=True, reader=reader, start=split.start, end=border
        )
        strange = empty(OUTLIERS) if vouched else outliers_of(learnt, source, "train", window)
        strange = _unsaid(strange, usual)
        if strange.height:
            baseline = _learnt(reader, Piece(split.start, border, _roots(strange)))
        (held,) = reader.assemble([(Piece(border, end), baseline)])
        for part, table in (("training", learnt), ("calibration", held)):
            if table.is_empty():
                raise RtmlError(f"{capture.path}: no window left for {part}; move the split's times")
        stranger = empty(OUTLIERS) if vouched else outliers_of(held, source, "calibrate", window)
        stranger = _unsaid(stranger, usual)
        later = baselines.merge(baseline, _learnt(reader, Piece(border, end, _roots(stranger))))
    return Material(without(learnt, strange), held, later, pl.concat([strange, stranger]))


def _learnt(reader: Reader, piece: Piece) -> Baseline:
    (baseline,) = reader.learn([piece])
    return baseline


def _unsaid(outliers: pl.DataFrame, usual: frozenset[tuple[str, int]]) -> pl.DataFrame:
    """Drop the trees that somebody has said to be usual: host and root."""
    said = pl.DataFrame(sorted(usual), schema={"host": pl.String, "process_id": pl.Int64}, orient="row")
    return outliers.join(said, on=["host", "process_id"], how="anti", maintain_order="left")


def _roots(outliers: pl.DataFrame) -> tuple[tuple[str, int], ...]:
    return tuple(outliers.drop_nulls("process_id").select("host", "process_id").iter_rows())


def without(rows: pl.DataFrame, outliers: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of all trees but the outliers."""
    return rows.join(outliers.select(TREE), on=TREE, how="anti", nulls_equal=True, maintain_order="left")


def novelty(rows: pl.DataFrame) -> pl.Series:
    """Return the bits beyond chance of each row, summed over families; 0 where no family has any.

    Examples
    --------
    >>> novelty(pl.DataFrame({"a.bits_beyond": [1.0, 2.0], "b.bits_beyond": [3.0, None]})).to_list()
    [4.0, 2.0]
    """
    columns = [name for name in feature_columns(rows) if name.endswith(".bits_beyond")]
    total = pl.sum_horizontal(columns) if columns else pl.lit(0.0)
    return rows.with_columns(_bits=total)["_bits"]


def container_time(rows: pl.DataFrame, window: Window) -> pl.DataFrame:
    """Return ``container_id``, ``peers``, ``days``: how long each container was watched."""
    peers = pl.Series(peer_groups(rows), dtype=pl.String)
    cells = rows.select("container_id", "window", peers=peers).unique(["container_id", "window"])
    counted = cells.group_by("container_id").agg(pl.col("peers").min(), windows=pl.len())
    days = (pl.col("windows") * window.seconds / DAY).alias("days")
    return counted.select("container_id", "peers", days).sort("container_id")


def container_days(rows: pl.DataFrame, window: Window) -> dict[str, float]:
    """Return, per peer group, the container-days that rows span."""
    spent = container_time(rows, window).group_by("peers").agg(pl.col("days").sum()).sort("peers")
    return dict(spent.iter_rows())


def outliers_of(rows: pl.DataFrame, source: Source, part: str, window: Window) -> pl.DataFrame:
    """Return the trees whose novelty lies far beyond the tail of all others, strangest first (`OUTLIERS`)."""
    named = rows.with_columns(bits=novelty(rows))
    trees = named.group_by(TREE).agg(
        pl.col("host", "workload").first(),
        pl.col("bits").max(),
        first_seen=pl.col("window").min(),
        last_seen=pl.col("window").max() + window.span,
    )
    days = sum(container_days(rows, window).values())
    if not days or not trees["bits"].max():
        return empty(OUTLIERS)
    _, number = fit_tail(trees["bits"].to_numpy(), days, _BITS, unit=1.0)
    strange = trees.filter(pl.col("bits") >= trees["bits"].top_k(number).min()) if number else trees.clear()
    titled = strange.join(_titles(source, strange), on=["host", "process_id"], how="left").with_columns(
        part=pl.lit(part)
    )
    ordered = titled.sort("bits", *TREE, descending=[True, False, False])
    return ordered.select(pl.col(name).cast(kind) for name, kind in OUTLIERS.items())


def _titles(source: Source, trees: pl.DataFrame) -> pl.DataFrame:
    """Return the program that the root of each tree ended up as, for people."""
    roots = trees.lazy().select("host", "process_id")
    images = source.processes.select(pl.col("host").cast(pl.String), *BY_TIME, "exe", "comm")
    ours = images.join(roots, on=["host", "process_id"], how="semi", maintain_order="left").collect()
    last = ours.sort(BY_TIME).unique(["host", "process_id"], keep="last", maintain_order=True)
    names = last.select("exe", "comm").iter_rows()
    titles = [visible(basename(exe) if exe else f"[{comm or '?'}]") for exe, comm in names]
    return last.select("host", "process_id", title=pl.Series(titles, dtype=pl.String))
