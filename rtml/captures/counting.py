"""What a manifest says of events, counted at once or while they come: every import makes its own here."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl
from pydantic import BaseModel

from rtml.captures.joining import both
from rtml.captures.manifest import Container, Input, LostInterval, Manifest, Names
from rtml.captures.naming import may_be
from rtml.captures.sensors import Reading, Sensor
from rtml.captures.sensors.contract import Naming
from rtml.captures.stand_ins import FACTS, any_stands, stood_for
from rtml.container_ids import Meant, bare_ids, merged
from rtml.version import VERSION

__all__ = ["Counts"]

_NAMED = [
    n for n in Container.model_fields if n not in ("role", "started", "first_seen", "last_seen", "events")
]
_MOST_LOSSES = 10_000


class Counts(BaseModel):
    """Everything of a manifest that grows with the events; ``containers`` by the ids that were written.

    ``others`` are ids that no event has, of processes and of what a sensor knows of containers: they may be
    the longer spelling of one that events have. ``until``: microseconds since 1970 up to which the rows of
    each host are settled. ``listed`` and what follows: what lists of containers told
    (`rtml.captures.sensors.contract.Naming`).
    """

    sensor: str
    sensor_version: str | None = None
    blind: list[str] = []
    hosts: set[str] = set()
    containers: dict[str, Container] = {}
    others: set[str] = set()
    roles: dict[str, tuple[str | None, dt.datetime | None]] = {}
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    events: int = 0
    audit: int = 0
    kinds: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    beside: Counter[str] = Counter()
    lost: int = 0
    lost_intervals: list[LostInterval] = []
    reject_reasons: Counter[str] = Counter()
    inputs: dict[str, Input] = {}
    until: dict[str, int] = {}
    listed: int | None = None
    named: set[str] = set()
    contradicted: dict[str, set[str]] = {}
    unclear: dict[str, list[str]] = {}

    @classmethod
    def of(cls, sensor: Sensor) -> Counts:
        """Begin with nothing counted."""
        return cls(sensor=sensor.name, blind=sorted(sensor.blind))

    def see(self, events: pl.DataFrame) -> None:
        """Count events that have all columns; names of a container are those of the first that has them."""
        self.events += events.height
        self.kinds.update({str(kind): int(n) for kind, n in events.group_by("kind").len().iter_rows()})
        self.hosts.update(str(host) for host in events["host"].unique().drop_nulls())
        self._span(events)
        for row in _seen(events):
            known, new = self.containers.get(row.container_id), row
            self.containers[row.container_id] = new if known is None else both(known, new)

    def take(self, reading: Reading, name: str, size: int) -> None:
        """Count what else was read from ``size`` bytes of the input ``name``."""
        self.sensor_version = self.sensor_version or reading.version
        self.audit += 0 if reading.audit is None else reading.audit.height
        self.left_out.update(reading.left_out)
        self.beside.update(reading.beside)
        self._facts(reading)
        reasons = reading.rejects.group_by("reason").len().iter_rows()
        self.reject_reasons.update({str(reason): int(n) for reason, n in reasons})
        before = self.inputs.get(name, Input(name=name, bytes=0, sha256=""))
        self.inputs[name] = before.model_copy(
            update={"bytes": before.bytes + size, "records": before.records + reading.records}
        )

    def _span(self, events: pl.DataFrame) -> None:
        times = [events["time"].min(), events["time"].max(), self.start, self.end]
        known = [time for time in times if isinstance(time, dt.datetime)]
        self.start, self.end = min(known, default=None), max(known, default=None)

    def _facts(self, reading: Reading) -> None:
        self.lost += sum(loss.count for loss in reading.lost)
        self.lost_intervals += [LostInterval(**vars(loss)) for loss in reading.lost]
        if len(self.lost_intervals) > _MOST_LOSSES:
            self.lost_intervals = joined_losses(self.lost_intervals)
        if reading.containers is not None:
            columns = reading.containers.select(bare_ids(pl.col("container_id")), "role", "started")
            for container, role, started in columns.drop_nulls("container_id").iter_rows():
                self.roles.setdefault(container, (role, started))
                self.others.add(container)
        if reading.processes is not None:
            ids = reading.processes.select(bare_ids(pl.col("container_id"))).to_series()
            self.others.update(ids.drop_nulls().unique())

        if reading.naming is not None:
            self.others |= may_be(reading)
            self._named(reading.naming)

    def _named(self, naming: Naming) -> None:
        self.listed = max(self.listed or 0, naming.listed)
        self.named |= naming.named
        for column, ids in naming.contradicted.items():
            self.contradicted[column] = self.contradicted.get(column, set()) | ids
        self.unclear.update(naming.unclear)

    def _names(self, spelling: Mapping[str, str]) -> Names | None:
        """Return what lists of containers told, of the containers that there are."""
        if self.listed is None:
            return None
        counts = {column: len(_meant(ids, spelling)) for column, ids in sorted(self.contradicted.items())}
        named = _meant(self.named & set(self.containers), spelling)
        return Names(
            listed=self.listed,
            named=len(named),
            contradicted=counts,
            unclear=dict(sorted(self.unclear.items())),
        )

    def _merged(self) -> Meant:
        found = merged({*self.containers, *self.others})
        if not any_stands(self.containers):
            return found
        known = [c.model_dump(include={*FACTS}) for c in self.containers.values()]
        rows = pl.DataFrame(known, schema=dict.fromkeys(FACTS, pl.String))
        stood = stood_for(rows.with_columns(pl.col("container_id").replace(found.ids)))
        return found._replace(ids={**found.ids, **stood})

    def names(self) -> dict[str, str]:
        """Return the longer spelling of ids that have one."""
        return self._merged().ids

    def manifest(self) -> Manifest:
        """Return the manifest of what was counted so far."""
        found = self._merged()
        together: dict[str, Container] = {}
        for container in self.containers.values():
            name = found.ids.get(container.container_id, container.container_id)
            role, started = self.roles.get(name) or self.roles.get(container.container_id) or (None, None)
            new = container.model_copy(update={"container_id": name, "role": role, "started": started})
            together[name] = both(together[name], new) if name in together else new
        return Manifest(
            rtml_version=VERSION,
            sensor=self.sensor,
            sensor_version=self.sensor_version,
            hosts=sorted(self.hosts),
            unclear_containers=found.several,
            names=self._names(found.ids),
            containers=[together[name] for name in sorted(together)],
            start=self.start,
            end=self.end,
            events=self.events,
            audit=self.audit,
            kinds=_most_first(self.kinds),
            lost=self.lost,
            lost_intervals=self.lost_intervals,
            rejected=sum(self.reject_reasons.values()),
            reject_reasons=_most_first(self.reject_reasons),
            left_out=dict(sorted(self.left_out.items())),
            beside=dict(self.beside),
            blind=self.blind,
            inputs=list(self.inputs.values()),
        )

    def of_files(self, inputs: Sequence[Path], copied: Mapping[Path, Path]) -> Manifest:
        """Return the manifest of an import: inputs by size and digest, and which were copies of others."""
        beside = dict(self.beside)
        for copy, original in copied.items():
            what = f"{copy.name} holds the same records as {original.name}"
            beside[what] = beside.get(what, 0) + self._records(original)
        files = [_input(path, self._records(path)) for path in inputs]
        files += [_input(path, 0) for path in copied]
        return self.manifest().model_copy(update={"inputs": files, "beside": beside})

    def _records(self, path: Path) -> int:
        return self.inputs[str(path)].records if str(path) in self.inputs else 0


def _input(path: Path, records: int) -> Input:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return Input(name=path.name, bytes=path.stat().st_size, sha256=digest, records=records)


def _meant(ids: set[str], spelling: Mapping[str, str]) -> set[str]:
    return {spelling.get(one, one) for one in ids}


def _most_first(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def joined_losses(losses: list[LostInterval]) -> list[LostInterval]:
    """Join neighbours of one host two by two, so that a list which grows for weeks stays bounded."""
    joined: list[LostInterval] = []
    for loss in losses:
        last = joined[-1] if len(joined) % 2 else None
        if last is not None and last.host == loss.host:
            joined[-1] = LostInterval(
                host=loss.host, start=last.start, end=loss.end, count=last.count + loss.count
            )
        else:
            joined.append(loss)
    return joined


def _seen(events: pl.DataFrame) -> list[Container]:
    named = [name for name in _NAMED if name != "container_id"]
    seen = (
        events.drop_nulls("container_id")
        .group_by(pl.col("container_id").cast(pl.String))
        .agg(
            pl.col(named).cast(pl.String).drop_nulls().first(),
            first_seen=pl.col("time").min(),
            last_seen=pl.col("time").max(),
            events=pl.len(),
        )
    )
    return [Container(**row) for row in seen.to_dicts()]
