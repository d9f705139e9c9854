r"""JSON documents of a log file, one at a time: one a line, or printed over many lines; gzip.

Memory is bounded by the longest document, not by the file. A document that does not end does not
swallow those after it: a line that is a whole object by itself begins anew.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from rtml.errors import RtmlError
from rtml.progress import report
from rtml.reading import lines  # noqa: F401  registers the codec error handler rtml.json

__all__ = ["MOST_BYTES", "Document", "documents", "redacted"]

MOST_BYTES = 64_000_000
"""A longer document is refused. An API server accepts objects of about three million bytes; a list
of events may hold many."""

_OFTEN = 10_000  # lines between two reports of progress
_GZIP = b"\x1f\x8b"
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*(?:"(\s*:)?|$)')


class Document(NamedTuple):
    """A document, or why it is none; ``raw`` is its text."""

    line: int
    value: Any
    problem: str | None
    raw: bytes


def documents(path: Path) -> Iterator[Document]:
    """Yield the documents of a file in order.

    Raises
    ------
    RtmlError
        No such file, a folder, an unreadable or an empty one.
    """
    held: list[bytes] = []
    begun = depth = size = 0
    for number, line, problem in _lines(path):
        if problem is not None:
            yield Document(number, None, problem, line[:2000])
            continue
        whole = _parsed(number, line)
        if held and not (whole.problem is None and line.startswith(b"{") and len(line) > 2):
            held.append(line)
            size, depth = size + len(line), depth + _depth(line)
            if depth > 0 and size <= MOST_BYTES:
                continue
            raw, held = b"\n".join(held), []
            long = Document(begun, None, f"longer than {MOST_BYTES:,} bytes", raw[:2000])
            yield long if depth > 0 else _parsed(begun, raw)
            continue
        if held:
            yield Document(begun, None, "cut off: the object does not end", b"\n".join(held))
            held = []
        depth = _depth(line) if whole.problem is not None else 0
        if depth > 0:
            held, begun, size = [line], number, len(line)
        else:
            yield whole
    if held:
        yield Document(begun, None, "cut off: the object does not end", b"\n".join(held))


def _depth(line: bytes) -> int:
    found = _BRACKETS.findall(line)
    return sum((b in (b"{", b"[")) - (b in (b"}", b"]")) for b in found)


def _parsed(line: int, raw: bytes) -> Document:
    try:
        value = json.loads(raw.decode("utf-8", "rtml.json"))
    except RecursionError:
        return Document(line, None, "nested too deeply", raw)
    except ValueError:
        return Document(line, None, "not JSON", raw)
    return Document(line, value, None, raw)


def _lines(path: Path) -> Iterator[tuple[int, bytes, str | None]]:
    """Yield number, line and problem of the non-empty lines."""
    number, any_line = 0, False
    step = f"parsing {path.name}"
    try:
        size = path.stat().st_size
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            stream = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if packed else plain
            while line := _line(stream):
                number += 1
                if number % _OFTEN == 0:
                    report(step, plain.tell(), size, "bytes")
                if line.strip():
                    any_line = True
                    long = len(line) > MOST_BYTES
                    problem = f"longer than {MOST_BYTES:,} bytes" if long else None
                    yield number, line.rstrip(b"\r\n"), problem
    except (EOFError, zlib.error, gzip.BadGzipFile):
        yield number + 1, b"", "the gzip stream is cut off or damaged"
        return
    except OSError as error:
        raise RtmlError(f"{path}: {error.strerror or error}") from error
    report(step, size, size, "bytes")
    if not any_line:
        raise RtmlError(f"{path}: the file is empty")


def _line(stream: BinaryIO) -> bytes:
    """Read a line; of one that is too long the rest is read and dropped."""
    line = stream.readline(MOST_BYTES + 1)
    more = line
    while len(more) > MOST_BYTES and not more.endswith(b"\n"):
        more = stream.readline(MOST_BYTES + 1)
    return line


def redacted(raw: bytes, limit: int = 200) -> str:
    """Return the start of a document with its keys and without any of its values.

    What is refused is kept with its text; a log of API requests holds secrets.

    Examples
    --------
    >>> redacted(b'{"kind": "Secret", "data": {"token": "c2VjcmV0"}, "args": ["-p", "hunter2"]')
    '{"kind": "…", "data": {"token": "…"}, "args": ["…", "…"]'
    >>> redacted(b"c2VjcmV0"), redacted(b'"token": "c2Vjc')
    ('(8 bytes)', '"token": "…"')
    """
    if not raw.lstrip().startswith((b"{", b"[", b'"')):
        return f"({len(raw)} bytes)"
    hidden = _STRINGS.sub(lambda m: m[0] if m[1] else '"…"'.encode(), raw[: limit * 20])
    return hidden.decode("utf-8", "backslashreplace")[:limit]
