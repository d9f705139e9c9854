"""Lines of a file of JSON records, in blocks of some megabytes: memory does not grow with the file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from rtml.reading.content import Content, opened
from rtml.reading.documents import LONG, MOST_BYTES
from rtml.reading.escapes import readable_json

__all__ = ["BLOCK", "Block", "blocks", "sound"]

BLOCK = 3 << 23
"""Bytes of a block, at least; a line is never cut. To plan its work costs what a megabyte does."""

_NEWLINE = ord("\n")
_BLANK = " \t\r\0\n"
_IS_BLANK = np.isin(np.arange(256), [*_BLANK.encode()])
_ODD = r"\\\\x|\\u00(?:5[cC]|78)|\\u[dD][89a-fA-F]"
"""What `readable_json` may have to spell otherwise, as it stands in JSON."""


class Block(NamedTuple):
    """Consecutive lines: the number of the first, and all of them; ``problem`` is of the last one."""

    first: int
    raw: bytes
    problem: str | None = None


def blocks(path: Path, size: int = BLOCK, cut: Callable[[bytes], int] = len) -> Iterator[Block]:
    r"""Yield the lines of a file, plain or packed, in blocks of whole lines.

    A line that is longer than any document may be, and what is wrong with the end of the file, are blocks
    of their own, with a problem. ``cut`` says how many bytes of whole lines can be read without the next
    ones.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> _ = path.write_text("one\ntwo\nthree")
    >>> [(block.first, block.raw) for block in blocks(path, 5)]
    [(1, b'one\n'), (2, b'two\n'), (3, b'three')]
    """
    with opened(path) as (stream, content):
        yield from _blocks(stream, content, size, cut)


def _blocks(
    stream: io.BufferedReader, content: Content, size: int, cut: Callable[[bytes], int]
) -> Iterator[Block]:
    number, rest = 1, b""
    while raw := stream.read(size):
        rest = rest + raw if rest else raw
        if len(rest) <= MOST_BYTES and not stream.peek(1):
            break  # a last line without its end stays with those before it
        end = rest.rfind(b"\n") + 1
        end = cut(rest[:end]) if end and len(rest) < 2 * size else end
        if end:
            whole, rest = rest[:end], rest[end:]
            yield Block(number, whole)
            number += len(_newlines(whole))
        elif len(rest) > MOST_BYTES:
            yield Block(number, rest[:2000], LONG)
            number, rest = number + 1, _after_line(stream, size)
    if rest:
        yield Block(number, rest)
    if content.problem is not None:
        yield Block(number + rest.count(b"\n") + 1, b"", content.problem)


def _after_line(stream: io.BufferedReader, size: int) -> bytes:
    """Pass over the rest of a line; return what was read behind it."""
    while raw := stream.read(size):
        end = raw.find(b"\n") + 1
        if end:
            return raw[end:]
    return b""


def sound(raw: bytes) -> pl.Series:
    r"""Return lines of JSON as text, one row each: nothing about them, strings as tables hold them.

    Bytes that are no UTF-8 and halves of surrogate pairs are spelled as `rtml.reading.escapes` says.

    Examples
    --------
    >>> sound(b'{"a": "\xff"}\r\n\n{"a": "\\ud83d"}').to_list()
    ['{"a": "\\\\xff"}', '', '{"a": "\\\\xed\\\\xa0\\\\xbd"}']
    """
    text = _lines(raw)
    if text is None:
        split = raw.decode("utf-8", "surrogateescape").split("\n")
        return pl.Series("text", [_readable(line) for line in split]).str.strip_chars(_BLANK)
    odd = text.str.contains(_ODD).arg_true()
    return text if odd.is_empty() else text.scatter(odd, [readable_json(line) for line in text.gather(odd)])


def _newlines(raw: bytes) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.frombuffer(raw, np.uint8) == _NEWLINE)


def _lines(raw: bytes) -> pl.Series | None:
    """Return lines with nothing about them, as pieces of the bytes themselves; None if these are no UTF-8."""
    ends = _newlines(raw)
    borders = np.empty(2 * len(ends) + 2, np.int64)  # line, newline, line, …
    borders[0], borders[1:-1:2], borders[2::2], borders[-1] = 0, ends, ends + 1, len(raw)
    pieces = pa.LargeStringArray.from_buffers(len(borders) - 1, pa.py_buffer(borders), pa.py_buffer(raw))
    try:
        pieces.validate(full=True)
    except pa.ArrowInvalid:
        return None
    text = pl.Series("text", pieces).gather_every(2)
    return text.str.strip_chars(_BLANK) if _has_blanks(raw, borders) else text


def _has_blanks(raw: bytes, borders: npt.NDArray[np.int64]) -> bool:
    """Tell whether anything is about lines; to strip all of them costs as much as to find them."""
    starts, ends = borders[::2], borders[1::2]
    full = ends > starts
    data = np.frombuffer(raw, np.uint8)
    return bool(_IS_BLANK[data[starts[full]]].any() or _IS_BLANK[data[ends[full] - 1]].any())


def _readable(line: str) -> str:
    """Return a line that a table can hold; a byte that spoils an escape stays what spoils it."""
    return readable_json(line).encode("utf-8", "replace").decode()
