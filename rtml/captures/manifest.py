"""``capture.json``: what a capture is, where it came from, what was lost and what was refused."""

from __future__ import annotations

import datetime as dt
import json

from pydantic import BaseModel, ConfigDict, ValidationError

from rtml.errors import RtmlError
from rtml.reading.faults import explained

__all__ = [
    "FORMAT_VERSION",
    "Archived",
    "Container",
    "Growing",
    "Input",
    "LostInterval",
    "Manifest",
    "Names",
    "parse_manifest",
    "unclear_ids",
]

FORMAT_VERSION = 1


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Input(_Model):
    """One file that was imported: name, size and content hash."""

    name: str
    bytes: int
    sha256: str
    records: int = 0


class LostInterval(_Model):
    """Events lost by the sensor (or a gap that was found) on a host between two times."""

    host: str
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    count: int


class Container(_Model):
    """A container of the capture. ``role`` ``infrastructure`` keeps it out of scoring."""

    container_id: str
    container_name: str | None = None
    image: str | None = None
    image_digest: str | None = None
    workload: str | None = None
    host: str | None = None
    namespace: str | None = None
    pod: str | None = None
    account: str | None = None
    cluster: str | None = None
    service_account: str | None = None
    role: str | None = None
    started: dt.datetime | None = None
    first_seen: dt.datetime
    last_seen: dt.datetime
    events: int


class Names(_Model):
    """What lists of containers told (`rtml.captures.inventory`).

    ``listed`` counts their containers, ``named`` those of the capture that are among them. ``contradicted``
    counts, by column, containers of which the sensor says something else; its names stayed. ``unclear`` are
    short ids that begin several listed containers, with those: they got no names.
    """

    listed: int = 0
    named: int = 0
    contradicted: dict[str, int] = {}
    unclear: dict[str, list[str]] = {}


class Archived(_Model):
    """Processes that ended, put away in a folder of a growing capture.

    ``last``: when something was last heard of any of them. ``gone``: some came back (``gone.parquet`` of the
    state names them).
    """

    name: str
    last: dt.datetime
    gone: bool = False


class Growing(_Model):
    """What a capture that is being followed consists of; files that are not named here are none of it.

    ``state`` is the folder of what changes with every commit: process images, what keys of processes mean
    (``keyed``: events carry keys), rows that are not settled, and the follower's memory. ``names`` are
    container ids by the longer spelling that came later. ``archive`` are processes that ended. ``broken``
    counts how often the log shrank or was replaced before it had been read to its end.
    """

    state: str
    keyed: bool
    parts: list[str] = []
    rejects: list[str] = []
    audit: list[str] = []
    names: dict[str, str] = {}
    archive: list[Archived] = []
    broken: int = 0


class Manifest(_Model):
    """Facts of a capture; ``rejected`` counts refused input lines by reason.

    ``beside`` counts records that are no events by design (accounts of losses, alerts of other sources), by
    what they are.
    ``left_out`` counts events that were out of scope, by the switch that says so (`rtml.captures.scope`).

    ``unclear_containers`` are short ids that begin the ids of several containers, with those: which of
    them an event is of, nobody knows, so they stay containers of their own (`rtml.container_ids`).
    ``audit`` counts rows of the audit table, ``audit_earlier`` those of them that are an earlier
    stage or a copy of another (`rtml.captures.audit`). ``late`` counts rows that came out of order by more
    than was waited for: their processes are those that had the pid last. ``growing`` is there while a log
    is followed. ``repairs`` counts processes by what the sensor did not say of them and was made good
    (`rtml.captures.repairs`). ``names``: what lists of containers told, if there were any.
    """

    format_version: int = FORMAT_VERSION
    rtml_version: str = ""
    sensor: str
    sensor_version: str | None = None
    hosts: list[str] = []
    unclear_containers: dict[str, list[str]] = {}
    containers: list[Container] = []
    names: Names | None = None
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    events: int = 0
    audit: int = 0
    audit_earlier: int = 0
    kinds: dict[str, int] = {}
    lost: int = 0
    lost_intervals: list[LostInterval] = []
    late: int = 0
    repairs: dict[str, int] = {}
    rejected: int = 0
    reject_reasons: dict[str, int] = {}
    beside: dict[str, int] = {}
    left_out: dict[str, int] = {}
    blind: list[str] = []
    inputs: list[Input] = []
    growing: Growing | None = None

    @property
    def sensor_named(self) -> str:
        """The sensor and its version, which often begins with the sensor's name itself.

        Examples
        --------
        >>> Manifest(sensor="bpftrace", sensor_version="bpftrace v0.17.0").sensor_named
        'bpftrace v0.17.0'
        >>> Manifest(sensor="falco", sensor_version="0.40").sensor_named
        'falco 0.40'
        """
        version = self.sensor_version or ""
        return version if version.startswith(f"{self.sensor} ") else f"{self.sensor} {version}".strip()

    def to_json(self) -> str:
        """Write the manifest as strict, readable JSON."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=True) + "\n"


def unclear_ids(manifest: Manifest) -> dict[str, str]:
    """Return the fact, for people, that short ids fit several containers; nothing where none does.

    Examples
    --------
    >>> unclear = {"0123456789ab": ["0123456789ab1", "0123456789ab2"]}
    >>> unclear_ids(Manifest(sensor="x", unclear_containers=unclear))
    {'unclear ids': '1 (0123456789ab begins 2 containers)'}
    """
    unclear = manifest.unclear_containers
    if not unclear:
        return {}
    named = ", ".join(
        f"{name} begins {len(longer)} containers" for name, longer in sorted(unclear.items())[:3]
    )
    return {"unclear ids": f"{len(unclear)} ({named}{', …' if len(unclear) > 3 else ''})"}


def parse_manifest(text: str, where: str) -> Manifest:
    """Read a manifest; errors name the file and the field.

    Examples
    --------
    >>> parse_manifest('{"sensor": "bpftrace"}', "x/capture.json").events
    0
    >>> parse_manifest('{"format_version": 9, "sensor": "x"}', "x/capture.json")
    Traceback (most recent call last):
    ...
    rtml.errors.RtmlError: x/capture.json: format version 9 is newer than this rtml reads (1); ...
    """
    try:
        manifest = Manifest.model_validate_json(text)
    except ValidationError as error:
        raise RtmlError(f"{where}: {explained(error, Manifest)}") from error
    if manifest.format_version > FORMAT_VERSION:
        raise RtmlError(
            f"{where}: format version {manifest.format_version} is newer than this rtml reads"
            f" ({FORMAT_VERSION}); update rtml or import the capture again"
        )
    return manifest
