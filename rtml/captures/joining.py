"""Several captures as one: an hour each from a fleet, or the sittings of a lab."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import polars as pl

from rtml.captures.audit import with_final
from rtml.captures.manifest import Container, Manifest, Names
from rtml.captures.naming import renamed_rows
from rtml.captures.store import Capture, open_capture
from rtml.container_ids import merged
from rtml.errors import UsageError

__all__ = ["SEQ_SHIFT", "JoinedCapture", "both", "joined", "open_captures", "place_of"]

SEQ_SHIFT = 2**40
"""``seq`` of the n-th capture (by start, then by manifest) is raised by n times this: never used twice."""


@dataclass(frozen=True, repr=False)
class JoinedCapture(Capture):
    """Captures read as one table; each keeps its own processes.

    ``names`` gives the id of a container that another sensor wrote shorter (`rtml.container_ids`).
    """

    parts: tuple[Capture, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    def events(
        self, columns: Sequence[str] | None = None, kinds: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Events of all parts; see `Capture.events`."""
        frames = [
            part.events(None, kinds).with_columns(pl.col("seq") + number * SEQ_SHIFT)
            for number, part in enumerate(self.parts)
        ]
        joined = renamed_rows(pl.concat(frames), self.names)
        return joined if columns is None else joined.select(columns)

    def audit(self) -> pl.LazyFrame:
        """Audit rows of all parts; a request that is in several of them is final once."""
        shifted = [
            part.audit().with_columns(pl.col("seq") + number * SEQ_SHIFT)
            for number, part in enumerate(self.parts)
        ]
        return with_final(pl.concat(shifted))

    def processes(self) -> pl.LazyFrame:
        """Process images of all parts; see `Capture.processes`."""
        shifted = pl.col("image_seq")
        frames = [
            part.processes().with_columns(shifted + number * SEQ_SHIFT)
            for number, part in enumerate(self.parts)
        ]
        return renamed_rows(pl.concat(frames), self.names)


def open_captures(paths: Sequence[str | Path]) -> Capture:
    """Open one capture, or several as one. The order of the paths does not matter.

    Raises
    ------
    UsageError
        No path, or the same path twice.
    RtmlError
        One of them cannot be opened.

    Examples
    --------
    >>> open_captures([])
    Traceback (most recent call last):
    ...
    rtml.errors.UsageError: no capture was named
    """
    if not paths:
        raise UsageError("no capture was named")
    if len({str(path).rstrip("/") for path in paths}) < len(paths):
        raise UsageError("the same capture was named twice")
    return joined(map(open_capture, paths))


def joined(captures: Iterable[Capture]) -> Capture:
    """Return captures as one; their order does not matter."""
    parts = sorted(captures, key=lambda part: (*place_of(part.manifest), part.path))
    if len(parts) == 1:
        return parts[0]
    manifests = [part.manifest for part in parts]
    found = merged(container.container_id for m in manifests for container in m.containers)
    manifest = _merged(manifests, found.ids).model_copy(update={"unclear_containers": found.several})
    return JoinedCapture(", ".join(p.path for p in parts), manifest, tuple(parts), found.ids)


def place_of(manifest: Manifest) -> tuple[str, str]:
    """Return what sorts captures: when they begin, then what they hold; never what they are called."""
    return str(manifest.start), hashlib.sha256(manifest.to_json().encode()).hexdigest()


def _merged(manifests: list[Manifest], names: Mapping[str, str]) -> Manifest:
    times = [m for m in manifests if m.start is not None and m.end is not None]
    sensors = sorted({m.sensor for m in manifests})
    return Manifest(
        sensor="+".join(sensors),
        hosts=sorted({host for m in manifests for host in m.hosts}),
        containers=_containers(manifests, names),
        names=_names([m.names for m in manifests if m.names is not None]),
        start=min((m.start for m in times if m.start), default=None),
        end=max((m.end for m in times if m.end), default=None),
        events=sum(m.events for m in manifests),
        audit=sum(m.audit for m in manifests),
        audit_earlier=sum(m.audit_earlier for m in manifests),
        kinds=_sums([m.kinds for m in manifests]),
        left_out=_sums([m.left_out for m in manifests]),
        lost=sum(m.lost for m in manifests),
        lost_intervals=[loss for m in manifests for loss in m.lost_intervals],
        late=sum(m.late for m in manifests),
        repairs=_sums([m.repairs for m in manifests]),
        rejected=sum(m.rejected for m in manifests),
        reject_reasons=_sums([m.reject_reasons for m in manifests]),
        beside=_sums([m.beside for m in manifests]),
        # What one sensor cannot see, another may: only what all miss is a blind spot.
        blind=sorted(set.intersection(*(set(m.blind) for m in manifests))),
        inputs=[file for m in manifests for file in m.inputs],
    )


def _names(told: list[Names]) -> Names | None:
    """Add up what lists of containers told of each; a container of several captures counts in each."""
    if not told:
        return None
    return Names(
        listed=max(names.listed for names in told),
        named=sum(names.named for names in told),
        contradicted=_sums([names.contradicted for names in told]),
        unclear={short: longer for names in told for short, longer in names.unclear.items()},
    )


def _sums(counts: list[dict[str, int]]) -> dict[str, int]:
    names = sorted(set(chain.from_iterable(counts)))
    return {name: sum(c.get(name, 0) for c in counts) for name in names}


def _containers(manifests: list[Manifest], names: Mapping[str, str]) -> list[Container]:
    """Union of containers: one in several captures has the first facts known, and all its time."""
    containers: dict[str, Container] = {}
    for container in chain.from_iterable(m.containers for m in manifests):
        name = names.get(container.container_id, container.container_id)
        known, new = containers.get(name), container.model_copy(update={"container_id": name})
        containers[name] = new if known is None else both(known, new)
    return [containers[name] for name in sorted(containers)]


def both(old: Container, new: Container) -> Container:
    """Return one container of what two say: the first facts known, and all the time and events."""
    facts = {name: value for name, value in new.model_dump().items() if getattr(old, name) is None}
    return old.model_copy(
        update={
            **facts,
            "first_seen": min(old.first_seen, new.first_seen),
            "last_seen": max(old.last_seen, new.last_seen),
            "events": old.events + new.events,
        }
    )
