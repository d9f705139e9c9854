"""How much room a capture has for trials: fitting containers less what attacks and losses take."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import polars as pl

from rtml.captures.store import Capture
from rtml.splicing.peers import busy_time, places_of
from rtml.splicing.placing import Place, Stretch
from rtml.splicing.recorded import Recorded
from rtml.splicing.variants import Ground, Variant

__all__ = ["places_of_attacks", "taken_time"]

Within = tuple[dt.datetime | None, dt.datetime | None]


def places_of_attacks(
    capture: Capture, recorded: Recorded, ends: pl.DataFrame, within: Within, variant: Variant
) -> tuple[dict[str, list[Place]], dict[str, str]]:
    """Say where each attack could be put, and why those that cannot be are left out."""
    ground = Ground(capture.containers(), recorded)
    seen = set(ends["attack_id"])
    places: dict[str, list[Place]] = {}
    left_out: dict[str, str] = {}
    roots = recorded.labels.select("attack_id", "container_id", "process_id").sort("attack_id")
    for name, home, root in roots.iter_rows():
        if name not in seen:
            left_out[name] = "its processes are not in the capture"
        elif not (candidates := places_of(home, root, variant.choose(ground, name, home), recorded.images)):
            left_out[name] = variant.without
        else:
            places[name] = [_cut(place, within) for place in candidates]
    return places, left_out


def _cut(place: Place, within: Within) -> Place:
    """Shorten the stretch of a place; it may become empty."""
    (begin, end), (first, last) = place.stretch, within
    begin = begin if first is None else max(begin, _ns(first))
    return replace(place, stretch=(begin, end if last is None else min(end, _ns(last))))


def taken_time(capture: Capture, labels: pl.DataFrame, ends: pl.DataFrame) -> dict[str, list[Stretch]]:
    """Return occupied time by container: of attacks, and of lost events on the container's host."""
    busy = busy_time(labels, ends)
    hosts = capture.containers().select("container_id", "host")
    for loss in capture.manifest.lost_intervals:
        begin = loss.start or capture.manifest.start
        end = loss.end or capture.manifest.end
        if begin is None or end is None:
            continue
        for name in hosts.filter(pl.col("host") == loss.host)["container_id"]:
            busy.setdefault(name, []).append((_ns(begin), _ns(end)))
    return busy


def _ns(at: dt.datetime) -> int:
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1) * 1000
