"""Many trials from few recordings: recorded attacks put into benign time of other containers.

A spliced trial is a recorded attack told again of a container that really ran, at a time when it
was really benign. It is made for tight intervals, not for new evidence: the attack's own events
are the same each time, only what surrounds them differs. So every label of a trial is marked
``spliced`` and reports say so.

Fails to be like the real thing where an attack changes what the container does afterwards (a
slower service, a stopped one), and where addresses of the containers differ: they are not changed.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from rtml.captures.manifest import Manifest
from rtml.captures.store import Capture
from rtml.captures.write import write_capture
from rtml.errors import RtmlError, UsageError
from rtml.replays.peers import busy_time, extents, places_of
from rtml.replays.placing import Place, Stretch, Trial, choose
from rtml.replays.recorded import Recorded, read_recorded
from rtml.replays.rewriting import (
    new_names,
    rewrite_events,
    rewrite_labels,
    rewrite_processes,
)
from rtml.schema import IDENTITY, conform

__all__ = ["Spliced", "splice", "splice_to"]

GAP = 60.0
"""Least seconds between a trial and any other attack in its container: one feature window."""


@dataclass(frozen=True)
class Spliced:
    """A capture with trials in it, in memory. ``left_out``: attacks without a trial, and why."""

    events: pl.DataFrame
    processes: pl.DataFrame
    labels: pl.DataFrame
    manifest: Manifest
    trials: dict[str, int]
    left_out: dict[str, str]


def splice(
    capture: Capture,
    labels: pl.DataFrame,
    trees: pl.DataFrame,
    *,
    trials: int,
    seed: int,
    gap: float = GAP,
    within: tuple[dt.datetime | None, dt.datetime | None] = (None, None),
) -> Spliced:
    """Put ``trials`` recorded attacks into benign time of other containers of ``capture``.

    Parameters
    ----------
    capture
        Holds the attacks and the benign time; several as one: `rtml.captures.open_captures`.
    labels
        Schema `rtml.schema.LABELS`. Those that are spliced already are never spliced again.
    trees
        ``attack_id, process_id``: the processes of each attack
        (`rtml.evaluation.trees.attack_trees`).
    trials
        How many; each attack has about the same number.
    seed
        The same capture, labels and seed give the same bytes.
    gap
        Least seconds between two attacks in one container, also to the recorded ones.
    within
        Use only benign time from the first to before the second (null: no bound).

    Returns
    -------
    All that was in the capture, unchanged, and the trials. A trial lies in a container of the same
    image, digest and workload as the recorded one; its root has the process there that corresponds
    to its recorded parent. Infrastructure, other attacks and time with lost events are never used.

    Raises
    ------
    UsageError
        ``trials`` is no positive number, or ``gap`` is negative.
    RtmlError
        No attack can be spliced, or not all trials fit; the message says how many do.
    """
    if trials < 1 or gap < 0:
        raise UsageError(f"--trials {trials}, --gap {gap:g}: wanted at least 1 and at least 0")
    recorded = read_recorded(capture, labels, trees)
    ends = extents(recorded.labels, recorded.own_events)
    places, left_out = _places(capture, recorded, ends, within)
    lengths: dict[str, int] = dict(ends.select("attack_id", "length").iter_rows())
    chosen = choose(
        {name: lengths[name] for name in places}, places, _busy(capture, labels, ends),
        trials, round(gap * 1e9), seed,
    )  # fmt: skip
    if len(chosen) < trials:
        raise RtmlError(_refusal(len(chosen), left_out, lengths, trials))
    left_out |= dict.fromkeys(
        places.keys() - {t.attack_id for t in chosen}, "no room for its length"
    )
    return _told_again(
        capture, recorded, _table(chosen, ends, recorded, capture.containers()), labels, left_out
    )


def _places(
    capture: Capture,
    recorded: Recorded,
    ends: pl.DataFrame,
    within: tuple[dt.datetime | None, dt.datetime | None],
) -> tuple[dict[str, list[Place]], dict[str, str]]:
    """Where each attack could be put, and why those that cannot be are left out."""
    containers = capture.containers()
    seen = set(ends["attack_id"])
    places: dict[str, list[Place]] = {}
    left_out: dict[str, str] = {}
    roots = recorded.labels.select("attack_id", "container_id", "process_id").sort("attack_id")
    for name, home, root in roots.iter_rows():
        if name not in seen:
            left_out[name] = "its processes are not in the capture"
        elif not (found := places_of(home, root, containers, recorded.images)):
            left_out[name] = "no other container of its image and workload has its parent process"
        else:
            places[name] = [_cut(place, within) for place in found]
    return places, left_out


def _cut(place: Place, within: tuple[dt.datetime | None, dt.datetime | None]) -> Place:
    """Shorten the stretch of a place; it may become empty."""
    (begin, end), (first, last) = place.stretch, within
    begin = begin if first is None else max(begin, _ns(first))
    return replace(place, stretch=(begin, end if last is None else min(end, _ns(last))))


def _busy(capture: Capture, labels: pl.DataFrame, ends: pl.DataFrame) -> dict[str, list[Stretch]]:
    """Time of attacks by container, and of lost events in every container of their host."""
    taken = busy_time(labels, ends)
    hosts = capture.containers().select("container_id", "host")
    for loss in capture.manifest.lost_intervals:
        begin = loss.start or capture.manifest.start
        end = loss.end or capture.manifest.end
        if begin is None or end is None:
            continue
        for name in hosts.filter(pl.col("host") == loss.host)["container_id"]:
            taken.setdefault(name, []).append((_ns(begin), _ns(end)))
    return taken


def _ns(at: dt.datetime) -> int:
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1000


def _refusal(placed: int, left_out: dict[str, str], lengths: dict[str, int], trials: int) -> str:
    if not placed:
        why = next(iter(left_out.values()), "there is no attack")
        if len(left_out) < len(lengths):
            shortest = min(lengths.values()) / 1e9
            why = f"no benign time is long enough (the shortest attack takes {shortest:.1f} s)"
        return f"nothing can be spliced: {why}; record more benign time of these workloads"
    return (
        f"only {placed} of {trials} trials fit into the benign time;"
        f" ask for fewer --trials, a smaller --gap, or record more benign time"
    )


def _table(
    chosen: list[Trial], ends: pl.DataFrame, recorded: Recorded, containers: pl.DataFrame
) -> pl.DataFrame:
    """One row per trial: its container's identity, the shift in time, what is above its root."""
    rows = [
        (n, t.attack_id, t.place.container_id, t.begin, t.place.parent, t.place.lineage,
         t.place.ppid, t.place.init) for n, t in enumerate(chosen)
    ]  # fmt: skip
    schema = {
        "trial": pl.Int64, "attack_id": pl.String, "container_id": pl.String, "at": pl.Int64,
        "new_parent": pl.Int64, "new_lineage": pl.Int64, "new_ppid": pl.Int32,
        "new_init": pl.Int32,
    }  # fmt: skip
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .join(ends.select("attack_id", "begin"), on="attack_id", maintain_order="left")
        .with_columns(shift=pl.col("at") - pl.col("begin"))
        .drop("at", "begin")
        .join(_root_ppids(recorded), on="attack_id", how="left", maintain_order="left")
        .join(containers.select(IDENTITY), on="container_id", maintain_order="left")
    )


def _root_ppids(recorded: Recorded) -> pl.DataFrame:
    """Which pid each attack's root shows as its parent."""
    roots = recorded.own_images.join(
        recorded.labels.select("attack_id", "process_id"), on=["attack_id", "process_id"]
    )
    return roots.group_by("attack_id").agg(old_ppid=pl.col("ppid").drop_nulls().first())


def _told_again(
    capture: Capture,
    recorded: Recorded,
    table: pl.DataFrame,
    labels: pl.DataFrame,
    left_out: dict[str, str],
) -> Spliced:
    base = recorded.events
    top = base.select(pl.max_horizontal(pl.col("pid").max(), pl.col("target_pid").max())).item()
    names = new_names(recorded.own_events, recorded.own_images, table, top or 0)
    first = int(base.select(pl.col("seq").max().fill_null(0)).item()) + 1
    told = rewrite_events(recorded.own_events, table, names, first)
    images = rewrite_processes(recorded.own_images, table, names, told)
    added = conform(told)
    events = pl.concat([base, added]).sort("time", "seq", maintain_order=True)
    order = ["since", "process_id", "image_seq"]
    counts = table.group_by("attack_id").len().sort("attack_id")
    every = pl.concat([labels, rewrite_labels(recorded.labels, table, names[1])])
    return Spliced(
        events=events,
        processes=pl.concat([recorded.images, images]).sort(order, nulls_last=False),
        labels=every.sort("start", "attack_id"),
        manifest=_manifest(capture.manifest, added),
        trials={str(name): int(n) for name, n in counts.iter_rows()},
        left_out=left_out,
    )


def _manifest(old: Manifest, added: pl.DataFrame) -> Manifest:
    """Count what was added; everything else stays as it was."""
    kinds = Counter(old.kinds)
    kinds.update(added["kind"].cast(pl.String).to_list())
    more = Counter(added["container_id"].cast(pl.String).to_list())
    containers = [
        c.model_copy(update={"events": c.events + more[c.container_id]}) for c in old.containers
    ]
    return old.model_copy(update={
        "events": old.events + added.height,
        "kinds": dict(sorted(kinds.items(), key=lambda item: (-item[1], item[0]))),
        "containers": containers,
    })  # fmt: skip


def splice_to(out: Path, spliced: Spliced, rejects: pl.DataFrame) -> None:
    """Write ``out/capture`` and ``out/labels.parquet``, both or nothing.

    Raises
    ------
    RtmlError
        ``out`` exists already, or cannot be written.
    """
    if out.exists():
        raise RtmlError(f"{out}: exists already; remove it or choose another --out")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        half = Path(tempfile.mkdtemp(prefix=f".{out.name[:60]}.partial-", dir=out.parent))
    except OSError as error:
        raise RtmlError(f"{out}: cannot be written ({error.strerror})") from error
    try:
        write_capture(
            half / "capture", spliced.manifest, spliced.events, spliced.processes, rejects
        )
        spliced.labels.write_parquet(half / "labels.parquet")
        half.chmod(0o755)
        os.replace(half, out)
    except OSError as error:
        raise RtmlError(f"{out}: writing failed ({error.strerror}); nothing was kept") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
