"""``sitting.json``: which containers a recording watched, and where its clock stood."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import pydantic

from rtml.asof import asof
from rtml.captures.sensors.clock import END
from rtml.captures.sensors.contract import CONTAINERS
from rtml.errors import RtmlError
from rtml.reading.faults import explained
from rtml.reading.json_text import json_value
from rtml.reading.text import read_text

__all__ = ["LATEST_BOOT", "Sitting", "read_sitting"]

LATEST_BOOT = 2**60
"""Nanoseconds since boot beyond this (36 years) are damage, not time."""

_UTC = pl.Datetime("ns", "UTC")
_WHO = pl.Schema(
    {
        "cgroup": pl.Int64(),
        "pidns": pl.Int64(),
        "container_id": pl.String(),
        "container_name": pl.String(),
        "image": pl.String(),
        "workload": pl.String(),
        "from": pl.Int64(),
    }
)
_MOST_BYTES = 64_000_000
_NAMES = ["container_id", "container_name", "image", "workload"]
_Number = Annotated[int, pydantic.Field(ge=-(2**63), lt=2**63)]


def _in_nanoseconds(number: int) -> int:
    """Refuse our time in seconds, milli- or microseconds: events would be of January 1970."""
    if 10**9 <= number < 10**17:
        raise ValueError("nanoseconds since 1970")
    return number


_WallTime = Annotated[int, pydantic.Field(ge=0, lt=END), pydantic.AfterValidator(_in_nanoseconds)]
_BootTime = Annotated[int, pydantic.Field(ge=0, le=LATEST_BOOT)]


class _Clock(pydantic.BaseModel):
    unix_ns: _WallTime
    boot_ns: _BootTime


class _Host(pydantic.BaseModel):
    hostname: str = "lab"
    bpftrace: str | None = None


class _Started(pydantic.BaseModel):
    boot_ns: _BootTime = 0
    unix_ns: _WallTime | None = None


class _Container(pydantic.BaseModel):
    id: str | None = None
    cgroup_v2_id: _Number | None = None
    pidns: _Number | None = None
    image: str | None = None
    workload: str | None = None
    role: str | None = None
    started: _Started = _Started()


class _File(pydantic.BaseModel):
    clock_start: _Clock
    host: _Host = _Host()
    containers: dict[str, _Container] = {}


_STARTING = 2 * 10**9
"""Nanoseconds that a container takes to start: its stamp is made when it runs."""


@dataclass(frozen=True)
class Sitting:
    """Clock offset (wall minus boot, nanoseconds), host name, containers by cgroup id.

    ``name`` is the same for all files of a log that was rotated, and for no other recording.
    """

    offset: int
    host: str
    sensor_version: str | None
    facts: dict[str, dict[str, Any]]
    name: str | None = None

    def wall(self, boot_ns: int | None) -> dt.datetime | None:
        """Wall time of a boot time."""
        if boot_ns is None:
            return None
        return dt.datetime.fromtimestamp((boot_ns + self.offset) / 1e9, dt.UTC)

    def place(self, events: pl.DataFrame) -> pl.DataFrame:
        """Give events their host, wall time and container; unknown cgroups keep their number.

        Where a container has no workload (all may share one image), its name takes that place.
        """
        who = self._who()
        by_cgroup = who.drop("pidns", "from").unique("cgroup", keep="first", maintain_order=True)
        placed = events.join(by_cgroup, on="cgroup", how="left", maintain_order="left")
        placed = _by_namespace(placed, who.drop("cgroup"))
        unnamed = "cgroup:" + pl.col("cgroup").cast(pl.String)
        return (
            placed.with_columns(
                *(pl.coalesce(name, f"{name}_pidns") for name in _NAMES),
                host=pl.lit(self.host),
                sensor=pl.lit("bpftrace"),
                time=(pl.col("nsecs") + self.offset).cast(_UTC),
                started=(pl.col("started_ns") + self.offset).cast(_UTC),
            )
            .with_columns(container_id=pl.coalesce("container_id", unnamed))
            .drop("cgroup", "pidns", "nsecs", "started_ns", *(f"{name}_pidns" for name in _NAMES))
        )

    def _who(self) -> pl.DataFrame:
        rows = [
            (
                c.get("cgroup_v2_id"),
                c.get("pidns"),
                c.get("id"),
                name,
                c.get("image"),
                c.get("workload", name),
                c.get("started", {}).get("boot_ns", 0) - _STARTING,
            )
            for name, c in self.facts.items()
        ]
        return pl.DataFrame(rows, schema=_WHO, orient="row")

    def containers(self) -> pl.DataFrame:
        """Roles and start times of the containers."""
        rows = [
            (c.get("id"), name, c.get("role"), c.get("started", {}).get("unix_ns"))
            for name, c in self.facts.items()
        ]
        columns = pl.DataFrame(
            rows, schema=dict(zip(CONTAINERS, [pl.String] * 3 + [pl.Int64], strict=True)), orient="row"
        )
        return columns.cast({"started": _UTC})


def _by_namespace(events: pl.DataFrame, who: pl.DataFrame) -> pl.DataFrame:
    """Add the container by pid namespace and time, as columns with the suffix ``_pidns``.

    The runtime's own first steps run in the container's namespaces before its cgroup. A number is
    used again when a container is replaced: it stands for the one that started last.
    """
    first = pl.col("from") == pl.col("from").min().over("pidns")
    since = who.with_columns(pl.when(first).then(pl.lit(-(2**62))).otherwise("from").alias("from"))
    numbered = events.select("nsecs", "pidns").with_row_index("_row").sort("nsecs")
    named = since.rename({name: f"{name}_pidns" for name in _NAMES}).sort("from")
    told = asof(numbered, named, left_on="nsecs", right_on="from", by="pidns")
    return events.hstack(told.sort("_row").select(f"{name}_pidns" for name in _NAMES))


def read_sitting(path: Path) -> Sitting:
    """Read ``sitting.json``; absent: boot times on the Unix epoch, no container names."""
    if not path.is_file():
        return Sitting(0, "localhost", None, {})
    try:
        facts = _File.model_validate(json_value(read_text(path, _MOST_BYTES)))
    except pydantic.ValidationError as error:
        raise RtmlError(f"{path}: not a sitting file ({explained(error, _File)})") from error
    except ValueError as error:
        raise RtmlError(f"{path}: not JSON ({error})") from error
    return Sitting(
        offset=facts.clock_start.unix_ns - facts.clock_start.boot_ns,
        host=facts.host.hostname,
        sensor_version=facts.host.bpftrace,
        facts={name: c.model_dump(exclude_unset=True) for name, c in facts.containers.items()},
        name=f"{facts.host.hostname} {facts.clock_start.unix_ns} {facts.clock_start.boot_ns}",
    )
