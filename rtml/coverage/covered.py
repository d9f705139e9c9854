"""The whole account of what a capture covers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

from rtml.captures.joining import JoinedCapture
from rtml.captures.store import Capture
from rtml.coverage.hosts import gaps_of, hosts_of
from rtml.coverage.remarks import remarks
from rtml.coverage.support import families_seen, types_seen
from rtml.schema import KINDS

__all__ = ["Coverage", "coverage_of"]

_GAP = dt.timedelta(minutes=5)
_DENIED = {"tetragon": "; by default Tetragon's chart denies host processes and kube-system"}
_BEHIND = dt.timedelta(days=1)


@dataclass(frozen=True)
class Coverage:
    """What was seen (``facts``, ``hosts``, ``gaps``), what is amiss, and what can be found.

    ``kinds``: events by kind, 0 for those that the sensor could report and did not, null for those it cannot.
    """

    facts: dict[str, Any]
    kinds: dict[str, int | None]
    hosts: pl.DataFrame
    gaps: pl.DataFrame
    amiss: list[str]
    types: pl.DataFrame
    families: pl.DataFrame


def coverage_of(capture: Capture, gap: dt.timedelta = _GAP, now: dt.datetime | None = None) -> Coverage:
    """Say what a capture covers.

    Parameters
    ----------
    capture
        One or several as one.
    gap
        Silence of a host from this length on is a gap.
    now
        What time it is, to tell clocks that are ahead.

    Returns
    -------
    An empty capture has no hosts and supports nothing.
    """
    manifest = capture.manifest
    hosts, gaps = hosts_of(capture), gaps_of(capture, gap)
    kinds = {k: manifest.kinds.get(k, None if k in manifest.blind else 0) for k in KINDS}
    parts = capture.parts if isinstance(capture, JoinedCapture) else (capture,)
    sensors = {part.manifest.sensor_named for part in parts}
    facts = {
        "start": manifest.start,
        "end": manifest.end,
        "events": manifest.events,
        "hosts": len(manifest.hosts),
        "containers": len(manifest.containers),
        "sensors": sorted(sensors),
        "lost": manifest.lost,
        "late": manifest.late,
        "rejected": manifest.rejected,
        **({"repairs": manifest.repairs} if manifest.repairs else {}),
    }
    amiss = _amiss(capture, hosts, gap, now or dt.datetime.now(dt.UTC), sensors)
    return Coverage(facts, kinds, hosts, gaps, amiss, types_seen(capture), families_seen(capture))


def _amiss(
    capture: Capture, hosts: pl.DataFrame, gap: dt.timedelta, now: dt.datetime, sensors: set[str]
) -> list[str]:
    """Return what somebody should know before trusting in silence, in words."""
    manifest = capture.manifest
    said = remarks(capture)
    said += [
        f"host {host or '(unnamed)'} has been silent for {silent:,.0f} s before the end"
        for host, silent in hosts.filter(pl.col("silent") > gap.total_seconds())
        .select("host", "silent")
        .iter_rows()
    ]
    said += [
        f"host {host or '(unnamed)'}: no process outside containers is seen{_DENIED.get(manifest.sensor, '')}"
        for host in hosts.filter((pl.col("host_processes") == 0) & (manifest.sensor != "k8s-audit"))["host"]
    ]
    if manifest.end is not None and manifest.end > now + _BEHIND:
        said.append(f"the last event is of {manifest.end}, which has not come yet: a clock is ahead")
    if manifest.start is not None and manifest.start < dt.datetime(2000, 1, 1, tzinfo=dt.UTC):
        said.append("times are those since a boot, not of a calendar: the clock's offset is unknown")
    versions = {sensor for sensor in sensors if len(sensors) > 1}
    if versions:
        said.append(f"several sensors or versions: {', '.join(sorted(versions))}")
    if manifest.lost:
        said.append(f"{manifest.lost:,} events were lost by the sensor")
    if manifest.unclear_containers:
        said.append(f"{len(manifest.unclear_containers)} container id(s) fit several containers")
    return said
