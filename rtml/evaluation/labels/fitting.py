"""Do labels and capture belong together? Containers, root processes, times and clocks are held against it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import polars as pl

from rtml.container_ids import renamed, resolved
from rtml.errors import RtmlError
from rtml.times import instant, span

__all__ = ["in_capture"]

_NAMED = 5
_CLOCK = dt.timedelta(seconds=2)
"""Labels and sensor may read the same clock this much apart."""

_NEAR = dt.timedelta(minutes=10)
_ENOUGH = 5


def in_capture(
    labels: pl.DataFrame,
    container_ids: Iterable[str],
    processes: pl.DataFrame | None = None,
    span_of_capture: tuple[dt.datetime, dt.datetime] | None = None,
    infrastructure: Iterable[str] = (),
) -> tuple[pl.DataFrame, list[str]]:
    """Hold labels against the capture that they are about.

    Parameters
    ----------
    container_ids, infrastructure
        Containers of the capture, and those among them whose windows are not judged.
    processes
        ``process_id`` and, if there, ``container_id, started, until``; null = roots are not checked.
    span_of_capture
        First and last event; labels outside it are left out. Null = times are not checked.

    Returns
    -------
    The labels kept, under the capture's own ids for their containers (`rtml.container_ids`), and a list of
    warnings (empty when all fit).

    Raises
    ------
    RtmlError
        A label names a container that the capture does not hold, by a short id several, or one of the
        infrastructure; a root process that is not there, in another container, or not alive in the label's
        time; clocks differ; no label lies in the capture's time; two labels are copies of each other, or
        overlap and cannot be told apart.

    Examples
    --------
    >>> from rtml.schema import LABELS, conform
    >>> at = pl.Series([0, 0]).cast(pl.Datetime("ns", "UTC"))
    >>> both = conform(pl.DataFrame({"attack_id": ["a", "b"], "container_id": ["c1", "c9"],
    ...                              "start": at, "end": at}), LABELS)
    >>> in_capture(both, ["c1"])
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: 1 of 2 labels name no container of the capture: 'b'; leave them out of the ...
    """
    kept, warnings = _in_time(labels, span_of_capture)
    known = pl.Series(sorted(set(container_ids)), dtype=pl.String)
    meant = resolved(kept["container_id"].unique(), known)
    kept = renamed(kept, meant.ids)
    _refuse(
        kept.filter(pl.col("container_id").is_in(list(meant.several))),
        kept,
        "name by a short id several containers of the capture",
        "write more of the id",
    )
    _refuse(
        kept.filter(~pl.col("container_id").is_in(known.implode())),
        kept,
        "name no container of the capture",
        "leave them out of the file, or give the capture that holds them",
    )
    outside = pl.Series(sorted(set(infrastructure)), dtype=pl.String)
    _refuse(
        kept.filter(pl.col("container_id").is_in(outside.implode())),
        kept,
        "lie in containers of the infrastructure, whose windows are not judged",
        "leave them out of the file",
    )
    _refuse_copies(kept)
    return kept, warnings if processes is None else warnings + _roots(kept, processes)


def _in_time(
    labels: pl.DataFrame, whole: tuple[dt.datetime, dt.datetime] | None
) -> tuple[pl.DataFrame, list[str]]:
    if whole is None or labels.is_empty():
        return labels, []
    begin, end = (instant(at) for at in whole)
    kept = labels.filter((pl.col("end") >= begin) & (pl.col("start") <= end))
    lost = labels.height - kept.height
    when = f"{whole[0]:%F %T} to {whole[1]:%F %T}"
    count = f"{lost} of {labels.height} labels lie outside the capture's time ({when})"
    if lost == labels.height:
        raise RtmlError(
            f"{count}: {_names(labels)}; do labels and capture belong to the same recording, and are "
            "their times UTC?"
        )
    return kept, [
        f"{count} and were left out: {_names(labels.join(kept, on='attack_id', how='anti'))}"
    ] if lost else []


def _names(labels: pl.DataFrame) -> str:
    first = labels["attack_id"].sort().head(_NAMED).to_list()
    more = f" and {labels.height - len(first)} more" if labels.height > len(first) else ""
    return ", ".join(repr(name) for name in first) + more


def _refuse(wrong: pl.DataFrame, labels: pl.DataFrame, what: str, way_out: str) -> None:
    if wrong.height:
        raise RtmlError(f"{wrong.height} of {labels.height} labels {what}: {_names(wrong)}; {way_out}")


def _refuse_copies(labels: pl.DataFrame) -> None:
    """Refuse labels that count one attack several times: the same root, or no root, at the same time."""
    ordered = labels.sort("container_id", "process_id", "start", "attack_id")
    key = ["container_id", "process_id"]
    reach = ordered.with_columns(_before=pl.col("end").cum_max().shift(1).over(key))
    same = reach.filter(pl.col("start") <= pl.col("_before"))["attack_id"]
    copies = labels.filter(pl.col("attack_id").is_in(pl.concat([same, _beside_nameless(labels)]).implode()))
    _refuse(
        copies,
        labels,
        "are of the same process tree, or of none that is named, at the same time as another",
        "one attack is one row: merge them, or name the root process of each",
    )


def _beside_nameless(labels: pl.DataFrame) -> pl.Series:
    """Return the labels that overlap an earlier one of their container, one of the two without a process."""
    end, nobody = pl.col("end"), pl.col("process_id").is_null()
    ordered = labels.sort("container_id", "start", "attack_id")
    reach = ordered.with_columns(
        _any=end.cum_max().shift(1).over("container_id"),
        _of_nobody=pl.when(nobody).then(end).cum_max().forward_fill().shift(1).over("container_id"),
    )
    beside = (nobody & (pl.col("start") <= pl.col("_any"))) | (pl.col("start") <= pl.col("_of_nobody"))
    return reach.filter(beside.fill_null(False))["attack_id"]


def _roots(labels: pl.DataFrame, processes: pl.DataFrame) -> list[str]:
    named = labels.filter(pl.col("process_id").is_not_null())
    lives = named.join(_lives(processes), on="process_id", how="left", maintain_order="left")
    _refuse(
        lives.filter(pl.col("_known").is_null()),
        labels,
        "name a root process that the capture does not hold",
        "correct process_id, or leave it empty where it is not known",
    )
    _refuse(
        lives.filter((pl.col("_container") != pl.col("container_id")).fill_null(False)),
        labels,
        "name a root process of another container",
        "correct container_id or process_id",
    )
    clock = span(_CLOCK)
    dead = (pl.col("_begin") > pl.col("end") + clock) | (pl.col("_end") < pl.col("start") - clock)
    wrong, apart = lives.filter(dead.fill_null(False)), _apart(lives)
    hint = f" ({apart})" if apart else ""
    _refuse(
        wrong,
        labels,
        f"lie outside the life of their root process{hint}",
        "correct the times; do both clocks tell UTC?",
    )
    if apart and "before" in apart:
        raise RtmlError(f"labels and capture do not tell the same time: {apart}; correct the labels' times")
    return [
        *([f"labels and capture may not tell the same time: {apart}"] if apart else []),
        *_services(lives, labels),
    ]


def _services(lives: pl.DataFrame, labels: pl.DataFrame) -> list[str]:
    """Say which labels name a process that ran for long before: its usual work counts as the attack."""
    old = lives.filter(pl.col("_begin") < pl.col("start") - span(_NEAR))
    if old.is_empty():
        return []
    return [
        f"{old.height} of {labels.height} labels name as root a process that began more than "
        f"{_NEAR.seconds // 60} minutes before: {_names(old)}; whatever it and its children do in the "
        "time of the label counts as the attack"
    ]


def _lives(processes: pl.DataFrame) -> pl.DataFrame:
    """Return when each process lived, null where the sensor does not know."""
    absent = {
        "started": pl.Datetime("ns", "UTC"),
        "until": pl.Datetime("ns", "UTC"),
        "container_id": pl.String(),
    }
    columns = {
        name: pl.col(name) if name in processes.columns else pl.lit(None, kind).alias(name)
        for name, kind in absent.items()
    }
    alive = pl.col("until").is_null().any()
    return (
        processes.with_columns(**columns)
        .group_by(pl.col("process_id").cast(pl.Int64))
        .agg(
            _known=pl.lit(True),
            _begin=pl.col("started").min(),
            _end=pl.when(~alive).then(pl.col("until").max()),
            _container=pl.col("container_id").drop_nulls().first(),
        )
    )


def _apart(lives: pl.DataFrame) -> str:
    """Say by how much roots begin before their labels, where all of them do by the same time."""
    behind = (pl.col("_begin") - pl.col("start")).alias("behind")
    near = lives.select(behind).drop_nulls().filter(pl.col("behind").abs() <= span(_NEAR))["behind"]
    if len(near) < _ENOUGH:
        return ""
    seconds = near.dt.total_microseconds() / 1e6
    low, middle, high = (float(seconds.quantile(q) or 0.0) for q in (0.25, 0.5, 0.75))
    if abs(middle) <= _CLOCK.total_seconds() or high - low > max(1.0, abs(middle) / 10):
        return ""
    word = "before" if middle < 0 else "after"
    return f"root processes begin {abs(middle):.1f} s {word} their labels, in {len(near)} of {lives.height}"
