"""Files that hold what another holds, however either is packed: all of their records would count twice."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from rtml.captures.sensors import Reading
from rtml.errors import UsageError
from rtml.reading.content import first_bytes, opened

__all__ = ["copies_among", "refuse_copies", "same_records"]

_BLOCK = 1 << 20
_ENDS = b"\r\n"


def refuse_copies(copied: Mapping[Path, Path]) -> None:
    """Refuse files that were named although another one holds the same.

    Raises
    ------
    UsageError
        Names the copy and what it is a copy of.
    """
    for copy, original in copied.items():
        raise UsageError(f"{copy}: holds the same records as {original}; name one of them")


def copies_among(inputs: Sequence[Path]) -> dict[Path, Path]:
    r"""Return each copy with its original, the first of those that are alike.

    Files are alike when they are once they are unpacked, in whatever encoding of text and with whatever ends
    of lines. Only files that begin alike are read to their ends. One line is no copy: an event may well be
    written twice.

    Examples
    --------
    >>> import gzip, tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "a").write_bytes(b"1\n2\n"), (folder / "b").write_bytes(gzip.compress(b"1\r\n2\r\n"))
    >>> [(copy.name, original.name) for copy, original in copies_among([folder / "a", folder / "b"]).items()]
    [('b', 'a')]
    """
    begun: dict[bytes, list[Path]] = {}
    for path in inputs if len(inputs) > 1 else ():
        if not path.is_file():  # a pipe can be read once
            continue
        begun.setdefault(_plain(first_bytes(path, 1 << 16))[: 1 << 15], []).append(path)
    found: dict[Path, Path] = {}
    for alike in begun.values():
        first: dict[str, Path] = {}
        for path in alike if len(alike) > 1 else ():
            whole = _whole(path)
            original = first.setdefault(whole, path) if whole is not None else path
            if original != path:
                found[path] = original
    return found


def same_records(inputs: Sequence[Path], readings: Sequence[Reading]) -> dict[Path, Path]:
    """Return each file whose records are those of another, written in another way, with that one.

    For formats of blocks, which are packed within (Avro, Parquet): their files differ where their records do
    not. One event may well be written twice.
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    for i, reading in enumerate(readings):
        if reading.events.height > 1:
            first = reading.events.select(pl.col("time").dt.epoch("ns").min()).item()
            alike.setdefault((reading.records, reading.rejects.height, first), []).append(i)
    pairs = (pair for places in alike.values() for pair in itertools.combinations(places, 2))
    found: dict[Path, Path] = {}
    for i, j in pairs:
        if inputs[i] not in found and _same(readings[i].events, readings[j].events):
            found |= {inputs[j]: inputs[i]} if _same(readings[i].audit, readings[j].audit) else {}
    return found


def _same(one: pl.DataFrame | None, other: pl.DataFrame | None) -> bool:
    return one is other is None or (one is not None and other is not None and one.equals(other))


def _plain(raw: bytes) -> bytes:
    return raw.replace(_ENDS, b"\n").rstrip(_ENDS)


def _whole(path: Path) -> str | None:
    """Return the digest of a file without the ends of its last line; None where it is one line."""
    digest, lines, held, binary = hashlib.sha256(), 0, b"", False
    with opened(path) as (stream, _):
        while raw := stream.read(_BLOCK):
            text = held + raw
            body = text.rstrip(_ENDS) if len(text) < 2 * _BLOCK else text
            held = text[len(body) :]
            digest.update(body.replace(_ENDS, b"\n"))
            lines, binary = lines + body.count(b"\n"), binary or b"\0" in body
    return digest.hexdigest() if lines or binary else None
