"""Open a capture: a folder of Parquet parts with a manifest.

``events/date=YYYY-MM-DD/node=N/part-*.parquet``, ``processes.parquet`` (derived at import),
``rejects.parquet`` and ``capture.json``. The folder may be local or a URL that pyarrow and Polars
both read (``s3://bucket/capture``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl
from pyarrow import fs

from rtml.captures.archived import over_archive
from rtml.captures.audit import AUDIT, with_final
from rtml.captures.keys import IDENTITIES
from rtml.captures.manifest import Container, Growing, Manifest, parse_manifest, unclear_ids
from rtml.captures.mending import mended
from rtml.captures.naming import renamed_rows
from rtml.captures.parts import Parts, filesystem, list_parts, named_parts, scan_table
from rtml.captures.processes import PROCESSES, process_images
from rtml.errors import MissingError, RtmlError, did_you_mean, no_capture
from rtml.schema import INFRASTRUCTURE, POLARS, REJECTS, conform, empty
from rtml.showing.tables import facts as table_of_facts
from rtml.text import visible

__all__ = ["CONTAINER_FACTS", "Capture", "open_capture"]

"""Role of containers that belong to the lab or the sensor: never trained on, never scored."""

_UTC = pl.Datetime("ns", "UTC")
CONTAINER_FACTS = pl.Schema(
    {
        name: _UTC
        if name in ("started", "first_seen", "last_seen")
        else pl.Int64
        if name == "events"
        else pl.String
        for name in Container.model_fields
    }
)
"""Columns of `Capture.containers`."""


@dataclass(frozen=True, repr=False)
class Capture:
    """An opened capture.

    Nothing is read before it is asked for: `events` and `processes` are lazy.

    Examples
    --------
    >>> capture = open_capture("datasets/lab-v1/capture")
    >>> capture
    Capture('datasets/lab-v1/capture': 388,788 events of 12 containers, 30:29 min)
    >>> execs = capture.events(["exe", "cmdline"], kinds=["exec"])
    >>> execs.filter(pl.col("exe").cast(pl.String).str.ends_with("redis-server")).head(1).collect()
    shape: (1, 2)
    ┌───────────────────────┬─────────────────────────────────┐
    │ exe                   ┆ cmdline                         │
    │ ---                   ┆ ---                             │
    │ cat                   ┆ str                             │
    ╞═══════════════════════╪═════════════════════════════════╡
    │ /usr/bin/redis-server ┆ redis-server --bind 0.0.0.0 --… │
    └───────────────────────┴─────────────────────────────────┘
    >>> capture.containers().select("container_name", "workload", "events").head(2)
    shape: (2, 3)
    ┌────────────────┬──────────┬────────┐
    │ container_name ┆ workload ┆ events │
    │ ---            ┆ ---      ┆ ---    │
    │ str            ┆ str      ┆ i64    │
    ╞════════════════╪══════════╪════════╡
    │ cache          ┆ cache    ┆ 25891  │
    │ app            ┆ app      ┆ 63210  │
    └────────────────┴──────────┴────────┘
    """

    path: str
    manifest: Manifest

    def __repr__(self) -> str:
        """Say in a line what is in it."""
        facts = self.facts()
        return (
            f"{type(self).__name__}({visible(self.path)!r}: {facts['events']} events of"
            f" {facts['containers']} containers, {facts['minutes']} min)"
        )

    def _repr_html_(self) -> str:
        return table_of_facts(self.facts()).markup

    def facts(self) -> dict[str, Any]:
        """Return what heads every page about this capture, in print order."""
        manifest = self.manifest
        length = "no events"
        if manifest.start is not None and manifest.end is not None:
            minutes, seconds = divmod(round((manifest.end - manifest.start).total_seconds()), 60)
            length = f"{minutes}:{seconds:02d}"
        return {
            "capture": self.path,
            "events": f"{manifest.events:,}",
            "containers": len(manifest.containers),
            "minutes": length,
            "lost": f"{manifest.lost:,}",
            "rejected": f"{manifest.rejected:,}",
            "sensor": manifest.sensor_named,
            **unclear_ids(manifest),
        }

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """Times of the first and of the last event.

        Raises
        ------
        RtmlError
            The capture holds no event.
        """
        start, end = self.manifest.start, self.manifest.end
        if start is None or end is None:
            raise RtmlError(f"{self.path}: no events, so no time to look at")
        return start, end

    def events(
        self, columns: Sequence[str] | None = None, kinds: Collection[str] | None = None
    ) -> pl.LazyFrame:
        """Events as a lazy frame with the columns of `rtml.schema.EVENTS`.

        Parameters
        ----------
        columns
            Only these columns, in this order; a name that does not exist is a clear error.
        kinds
            Only these kinds of event.

        Returns
        -------
        One row per event; sorted by time within each part, not across parts.

        Raises
        ------
        RtmlError
            A part is damaged, lacks a column, or the parts hold more or fewer events than the
            manifest says.
        """
        unknown = [name for name in columns or () if name not in POLARS]
        if unknown:
            raise MissingError(f"no event column {unknown[0]!r}; {did_you_mean(unknown[0], POLARS)}")
        growing = self.manifest.growing
        if growing is None:
            frame = _of_kinds(scan_table(self._parts) if self._parts else empty().lazy(), kinds)
        else:
            frame = self._grown(growing, tuple(POLARS) if columns is None else columns, kinds)
        return frame if columns is None else frame.select(columns)

    def _grown(self, growing: Growing, columns: Sequence[str], kinds: Collection[str] | None) -> pl.LazyFrame:
        """Events of a log that is being followed: each part with what is known of its processes by now."""
        meant = over_archive(self.path, growing, "identities", IDENTITIES)
        images = self.processes()
        parts = [
            mended(
                _of_kinds(scan_table(part), kinds),
                meant if growing.keyed else None,
                images,
                growing.names,
                columns,
            )
            for part in self._parts
        ]
        return conform(pl.concat(parts)) if parts else empty().lazy()

    def audit(self) -> pl.LazyFrame:
        """One row per event of kind ``audit`` (`rtml.captures.audit.AUDIT`); often none."""
        if not self.manifest.audit:
            return empty(AUDIT).lazy()
        growing = self.manifest.growing
        if growing is not None:
            return with_final(scan_table([f"{self.path}/{name}" for name in growing.audit], AUDIT))
        return scan_table(f"{self.path}/audit/part-0.parquet", AUDIT)

    def processes(self) -> pl.LazyFrame:
        """One row per process image, with its lineage (`rtml.captures.processes`).

        Read from ``processes.parquet``; computed from the events where the capture has none.
        """
        growing = self.manifest.growing
        if growing is not None:
            images = over_archive(self.path, growing, "processes", PROCESSES)
            return renamed_rows(images, growing.names)
        system, inner = filesystem(self.path)
        if system.get_file_info(f"{inner}/processes.parquet").type == fs.FileType.File:
            return scan_table(f"{self.path}/processes.parquet", PROCESSES)
        return process_images(self.events().collect()).lazy()

    def rejects(self) -> pl.DataFrame:
        """Input lines that could not be read (`rtml.schema.REJECTS`); those of few captures are many."""
        growing = self.manifest.growing
        names = ["rejects.parquet"] if growing is None else growing.rejects
        system, inner = filesystem(self.path)
        found = [name for name in names if system.get_file_info(f"{inner}/{name}").type == fs.FileType.File]
        if not found:
            return empty(REJECTS)
        return scan_table([f"{self.path}/{name}" for name in found], REJECTS).collect()

    @cached_property
    def _parts(self) -> Parts:
        growing = self.manifest.growing
        if growing is not None:
            return named_parts(self.path, growing.parts, self.manifest.events)
        return list_parts(f"{self.path}/events", self.manifest.events)

    @cached_property
    def _containers(self) -> pl.DataFrame:
        rows = [container.model_dump() for container in self.manifest.containers]
        return pl.DataFrame(rows, schema=CONTAINER_FACTS).sort("container_id")

    def containers(self) -> pl.DataFrame:
        """One row per container: names, image, role, start, first and last event, events."""
        return self._containers

    def judged(self) -> pl.DataFrame:
        """`containers` but infrastructure: those that are learnt from and judged."""
        return self.containers().filter(pl.col("role").ne_missing(INFRASTRUCTURE))

    def infrastructure(self) -> list[str]:
        """Ids of the containers that are left out of features, training and scoring."""
        return list(self._infrastructure)

    @cached_property
    def _infrastructure(self) -> list[str]:
        role = pl.col("role") == INFRASTRUCTURE
        return self._containers.filter(role)["container_id"].to_list()


def _of_kinds(events: pl.LazyFrame, kinds: Collection[str] | None) -> pl.LazyFrame:
    return events if kinds is None else events.filter(pl.col("kind").is_in(list(kinds)))


def open_capture(path: str | Path) -> Capture:
    """Open the capture at ``path``.

    Raises
    ------
    MissingFileError
        There is no such folder, or it holds no ``capture.json``.
    RtmlError
        The manifest cannot be read.

    Examples
    --------
    >>> open_capture("datasets/lab-v1/capture")
    Capture('datasets/lab-v1/capture': 388,788 events of 12 containers, 30:29 min)
    >>> open_capture("no/such/folder")
    Traceback (most recent call last):
    ...
    rtml.errors.MissingFileError: no/such/folder: no capture here (no such folder)
    """
    where = str(path).rstrip("/")
    system, inner = filesystem(where)
    name = f"{inner}/capture.json"
    if system.get_file_info(name).type != fs.FileType.File:
        raise no_capture(where)
    with system.open_input_stream(name) as stream:
        text = stream.read().decode("utf-8", "replace")
    return Capture(where, parse_manifest(text, f"{where}/capture.json"))
