"""Proof over the actual windows that nothing from test time was trained or calibrated on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import polars as pl

from rtml.errors import RtmlError
from rtml.schema import feature_columns
from rtml.splits import PARTS, Split
from rtml.times import MINUTE, Length, Window, instant

__all__ = ["Proof", "attacks_in_training", "group_leaks", "prove"]


@dataclass(frozen=True)
class Proof:
    """What was shown: per part the first window, the end of the last, and their number.

    ``notes`` are not violations but things a reader must know, such as the same container or
    byte-for-byte equal rows on both sides.
    """

    parts: dict[str, tuple[dt.datetime, dt.datetime, int]]
    containers: int
    left_out: int
    notes: list[str] = field(default_factory=list)

    @property
    def statement(self) -> str:
        """One line that a reader can check."""
        ends = {name: f"{end:%H:%M:%S}" for name, (_, end, _) in self.parts.items()}
        begins = {name: f"{begin:%H:%M:%S}" for name, (begin, _, _) in self.parts.items()}
        steps = [
            f"end of {before} {ends[before]} <= begin of {after} {begins[after]}"
            for before, after in zip(self.parts, list(self.parts)[1:], strict=False)
        ]
        return f"max(train) < min(calibrate) < min(test): {', '.join(steps)}"


def prove(windows: pl.DataFrame, every: Length = MINUTE) -> Proof:
    """Prove ``max(train) < min(calibrate) < min(test)``, over all windows and per container.

    Parameters
    ----------
    windows
        The windows that were really used: ``container_id``, ``window``, ``part`` (see `assign`);
        with feature columns also equal rows across the split are counted.
    every
        Window length; a window must have *ended* before the next part begins.

    Raises
    ------
    RtmlError
        Fails when train, calibrate or test holds no window, or two parts overlap in time.

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> hour = dt.timedelta(hours=1)
    >>> windows = pl.DataFrame({"container_id": ["c"] * 3, "part": ["train", "calibrate", "test"],
    ...                         "window": [begin, begin + hour, begin + 2 * hour]})
    >>> prove(windows, hour).statement
    'max(train) < min(calibrate) < min(test): end of train 01:00:00 <= begin of calibrate ...'
    >>> prove(windows.with_columns(window=pl.col("window").reverse()), hour)
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: split violated: train ends at 2026-01-01 03:00:00+00:00, after...
    """
    used = windows.filter(pl.col("part").is_not_null())
    length = Window.of(every)
    spans = {part: _span(used.filter(pl.col("part") == part), part, length) for part in PARTS}
    _refuse_overlap(spans, "all containers")
    _refuse_container_overlap(used, length)
    return Proof(spans, used["container_id"].n_unique(), windows.height - used.height, group_leaks(used))


def _span(rows: pl.DataFrame, part: str, every: Window) -> tuple[dt.datetime, dt.datetime, int]:
    first, last = rows["window"].min(), rows["window"].max()
    if not isinstance(first, dt.datetime) or not isinstance(last, dt.datetime):
        raise RtmlError(f"split: the part {part!r} holds no whole window; move its boundaries")
    return first, last + every.length, rows.height


def _refuse_overlap(spans: dict[str, tuple[dt.datetime, dt.datetime, int]], where: str) -> None:
    names = list(spans)
    for before, after in zip(names, names[1:], strict=False):
        if spans[before][1] > spans[after][0]:
            raise RtmlError(
                f"split violated: {before} ends at {spans[before][1]}, after {after} begins "
                f"at {spans[after][0]} ({where}); was the split shuffled?"
            )


def _refuse_container_overlap(used: pl.DataFrame, every: Window) -> None:
    order = pl.col("part").replace_strict({name: n for n, name in enumerate(PARTS)})
    spans = used.group_by("container_id", order.alias("order")).agg(
        begin=pl.col("window").min(), end=pl.col("window").max() + every.span
    )
    wrong = (
        spans.sort("container_id", "order")
        .with_columns(before=pl.col("end").cum_max().shift().over("container_id"))
        .filter(pl.col("before") > pl.col("begin"))
    )
    if wrong.height:
        raise RtmlError(f"split violated in container {wrong.item(0, 'container_id')!r}")


def group_leaks(used: pl.DataFrame) -> list[str]:
    """Say what train and test share: containers, workloads, images, equal feature rows.

    Sharing a container over time is how the tool is used, so these are notes, not faults. But a
    result says nothing about containers, workloads or images that were never trained on.
    """
    sides = [used.filter(pl.col("part") == part) for part in ("train", "test")]
    names = [name for name in ("container_id", "workload", "image") if name in used.columns]
    notes = [_shared(name, *(side[name].drop_nulls().unique() for side in sides)) for name in names]
    features = feature_columns(used)
    if features:
        # Six digits: a row that was shifted by a millionth is the same row.
        hashes = [side.select(pl.col(features).round_sig_figs(6)).hash_rows(seed=7) for side in sides]
        equal = int(hashes[1].is_in(hashes[0].implode()).sum())
        total = sides[1].height
        notes.append(f"{equal} of {total} test rows equal a training row in every feature")
    return notes


def _shared(name: str, trained: pl.Series, tested: pl.Series) -> str:
    both = int(tested.is_in(trained.implode()).sum())
    return f"{name}: {both} of {len(tested)} in test were also trained on"


def attacks_in_training(labels: pl.DataFrame, split: Split, *, allow: bool = False) -> list[str]:
    """Refuse attacks that overlap training or calibration time: 'benign' data is then not benign.

    Returns
    -------
    Notes for the ledger when ``allow`` is set or when there are none (then an empty list).

    Examples
    --------
    >>> begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    >>> hour = dt.timedelta(hours=1)
    >>> split = Split(begin + hour, begin + 2 * hour, begin, begin + 3 * hour)
    >>> labels = pl.DataFrame({"attack_id": ["a"], "start": [begin], "end": [begin]})
    >>> attacks_in_training(labels, split, allow=True)
    ["benign data is not benign: 1 attack(s) overlap training or calibration time: 'a'"]
    """
    start, _, test, _ = split.edges
    early = labels.filter((pl.col("start") < instant(test)) & (pl.col("end") >= instant(start)))
    if early.is_empty():
        return []
    names = ", ".join(repr(name) for name in early["attack_id"].sort().head(5))
    note = (
        f"benign data is not benign: {early.height} attack(s) overlap training or calibration time: {names}"
    )
    if not allow:
        raise RtmlError(f"{note}; move the boundaries, or allow it and read the result as poisoned")
    return [note]
