"""Records of a SysFlow file: from Avro to one frame per record type, nothing dropped in silence.

Old writers tag nanosecond times as ``timestamp-millis``; decoding them so would overflow, so the
logical types are taken out of the schema before the first record is decoded.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import fastavro
import polars as pl

from rtml.captures.sensors.recognise import wrong_format
from rtml.captures.sensors.sysflow.schema import ENTITIES, EVENTS
from rtml.errors import RtmlError
from rtml.progress import report
from rtml.reading.content import opened
from rtml.reading.escapes import as_literal, readable
from rtml.schema import REJECTS

__all__ = ["AVRO", "Records", "read_records", "without_logical_types"]

AVRO = b"Obj\x01"
"""First bytes of an Avro object container file."""

_BATCH = 100_000
_SYNC = 16
_SCHEMAS = EVENTS | ENTITIES
_NO_PROCESS = "a Kubernetes message: it belongs to no process"


@dataclass
class Records:
    """What a file held: frames by record type (with ``index``, the record's place), and the rest.

    ``claimed`` counts the records that are no entities: events, and what could not be read.
    """

    path: Path
    parts: dict[str, list[pl.DataFrame]] = field(default_factory=lambda: {k: [] for k in _SCHEMAS})
    rejected: list[tuple[int, str, str]] = field(default_factory=list)
    damaged: bool = False

    def frame(self, kind: str) -> pl.DataFrame:
        """Return all records of one type, in the order of the file."""
        blank = pl.DataFrame(schema={"index": pl.Int64, **_SCHEMAS[kind]})
        return pl.concat([blank, *self.parts[kind]])

    def rejects(self) -> pl.DataFrame:
        """Return what could not be used, one row per record, as a frame of `REJECTS`."""
        rows = [(str(self.path), line, reason, text[:200]) for line, reason, text in self.rejected]
        return pl.DataFrame(rows, schema=REJECTS, orient="row")

    @property
    def claimed(self) -> int:
        """Count the records that claim to be events."""
        return sum(part.height for kind in EVENTS for part in self.parts[kind]) + len(self.rejected)


def read_records(path: Path) -> Records:
    """Read every record of a SysFlow file as far as it can be decoded.

    Returns
    -------
    Frames with the columns of `sysflow_schema`. Record types that are not known and Kubernetes
    messages are rejects, one each; a damaged or cut-off end is one reject, as it is unknown how
    many records it held. Names that are not UTF-8 are kept with backslash escapes.

    Raises
    ------
    RtmlError
        No such file, an empty one, not Avro, or Avro of something else.
    """
    records = Records(path)
    with _by_place(path) as (file, problem):
        head = file.read(1 << 16)
        if not head.startswith(AVRO):
            raise wrong_format(path, "a SysFlow file (Avro)", head)
        file.seek(0)
        with _uncollected():
            _read(records, file, problem)
    return records


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the collector of rings from looking at records that are in none, a quarter of all time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@contextmanager
def _by_place(path: Path) -> Iterator[tuple[BinaryIO, str | None]]:
    """Open a file whose blocks can be read by place: a packed one is unpacked beside, as far as it goes."""
    with opened(path) as (stream, content):
        head = stream.peek(len(AVRO))
        with path.open("rb") as plain:
            if not head or plain.read(len(AVRO)) == head[: len(AVRO)]:
                plain.seek(0)
                yield plain, None
                return
        with tempfile.TemporaryFile() as unpacked:
            shutil.copyfileobj(stream, unpacked, 1 << 20)
            unpacked.seek(0)
            yield unpacked, content.problem


def _read(records: Records, file: BinaryIO, problem: str | None) -> None:
    reader = _reader(records.path, file)
    sync = _at(file, file.tell() - _SYNC)
    batch: dict[str, list[tuple[int, dict[str, Any]]]] = {kind: [] for kind in _SCHEMAS}
    step, size = f"decoding {records.path.name}", os.fstat(file.fileno()).st_size
    index = -1
    for index, kind, content in _decoded(records, reader):
        if kind in batch:
            batch[kind].append((index, content))
        else:
            reason = _NO_PROCESS if kind == "K8sEvent" else f"unknown record type {kind!r}"
            records.rejected.append((index, reason, str(_readable(content))[:200]))
        if index % _BATCH == _BATCH - 1:
            _flush(records, batch)
            report(step, file.tell(), size, "bytes")
    _flush(records, batch)
    report(step, size, size, "bytes")
    if problem is not None:
        records.rejected.append((index + 1, problem, ""))
    elif not records.damaged and _at(file, file.seek(0, os.SEEK_END) - _SYNC) != sync:
        records.rejected.append((index + 1, "the file ends inside a block", ""))


def _at(file: BinaryIO, offset: int) -> bytes:
    """Read a sync marker, which ends the header and every block, without moving on."""
    here = file.tell()
    file.seek(max(offset, 0))
    marker = file.read(_SYNC)
    file.seek(here)
    return marker


def _reader(path: Path, file: BinaryIO) -> Any:
    try:
        reader = fastavro.reader(
            file,
            return_record_name=True,
            return_record_name_override=True,
            handle_unicode_errors="surrogateescape",
        )
        without_logical_types(reader.writer_schema)
    except Exception as error:  # fastavro has no common error: a damaged header raises anything
        raise RtmlError(f"{path}: the Avro header is damaged ({error})") from error
    if not _is_sysflow(reader.writer_schema):
        raise RtmlError(f"{path}: Avro, but not SysFlow: its records are no union named 'rec'")
    return reader


def _is_sysflow(schema: object) -> bool:
    fields = schema.get("fields", []) if isinstance(schema, dict) else []
    return [entry["name"] for entry in fields] == ["rec"] and isinstance(fields[0]["type"], list)


def without_logical_types(schema: object) -> None:
    """Take the logical types out of a parsed schema, in place: the decoder looks at this one."""
    if isinstance(schema, dict):
        schema.pop("logicalType", None)
        for part in schema.values():
            without_logical_types(part)
    elif isinstance(schema, list):
        for part in schema:
            without_logical_types(part)


def _decoded(records: Records, reader: Any) -> Iterator[tuple[int, str, Any]]:
    """Yield place, short type name and content of each record, up to the first damage."""
    short: dict[str, str] = {}
    index = 0
    try:
        for index, record in enumerate(reader):
            content = record["rec"]
            name, content = content if isinstance(content, tuple) else ("", content)
            kind = short.get(name)
            if kind is None:
                kind = short[name] = name.rsplit(".")[-1]
            yield index, kind, content
            index += 1
    except Exception as error:  # as above: zlib, struct, EOF, index, value and memory errors
        reason = f"the file is cut off or damaged here: {type(error).__name__} {error}".strip()
        records.rejected.append((index, reason, ""))
        records.damaged = True


def _flush(records: Records, batch: dict[str, list[tuple[int, dict[str, Any]]]]) -> None:
    """Turn a batch of decoded records into frames, so that memory holds few Python objects."""
    for kind, rows in batch.items():
        if rows:
            records.parts[kind].append(_frame(records.path, kind, rows))
            rows.clear()


def _readable(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _readable(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_readable(part) for part in value]
    return readable(value.encode("utf-8", "surrogateescape")) if isinstance(value, str) else value


def _frame(path: Path, kind: str, rows: list[tuple[int, dict[str, Any]]]) -> pl.DataFrame:
    index = pl.Series("index", [place for place, _ in rows], pl.Int64)
    contents = [content for _, content in rows]
    try:
        try:
            frame = pl.DataFrame(contents, schema=_SCHEMAS[kind]).with_columns(
                as_literal(pl.col(pl.String)), pl.col(pl.List(pl.String)).list.eval(as_literal(pl.element()))
            )
        except UnicodeEncodeError:  # a byte that is no UTF-8, somewhere
            frame = pl.DataFrame([_readable(content) for content in contents], schema=_SCHEMAS[kind])
    except (pl.exceptions.PolarsError, TypeError, OverflowError, AttributeError) as error:
        raise RtmlError(f"{path}: {kind} records do not have SysFlow's fields ({error})") from error
    return frame.insert_column(0, index)
