r"""JSON documents of a log file, one at a time: one a line, several, or printed over many lines.

Memory is bounded by the longest document, not by the file. A document that does not end does not
swallow those after it: a line that is a whole object by itself begins anew. What a runtime or a tool writes
before each line (`rtml.reading.prefixes`) is taken off; lines cut in parts are joined.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from rtml.reading.behind_another import BETWEEN, one_behind_another
from rtml.reading.content import opened
from rtml.reading.document import Document
from rtml.reading.escapes import readable_json
from rtml.reading.prefixes import bare

__all__ = [
    "LONG",
    "MOST_BYTES",
    "Document",
    "Line",
    "documents",
    "documents_of",
    "line_of",
    "parsed",
    "whole_lines",
]

MOST_BYTES = 64_000_000
"""A longer document is refused. An API server accepts objects of about three million bytes; a list
of events may hold many."""

LONG = f"longer than {MOST_BYTES:,} bytes"
"""Why a longer document is refused."""
_TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BROKEN = "not JSON"
_ZERO = b"\0"
_AS_ZERO = bytes.maketrans(b"123456789", b"0" * 9)
_LONG_NUMBERS = (b"0" * 20, b"-" + b"0" * 19)


Line = tuple[int, bytes, str | None]
"""Number of a line, its bytes, and what is wrong with it."""


def documents(path: Path) -> Iterator[Document]:
    r"""Yield the documents of a file, plain or packed, in order; an empty file has none.

    Strings with a byte that is not UTF-8, or half a surrogate pair, are as `rtml.reading.escapes` says.

    Raises
    ------
    RtmlError
        No such file, a folder, or an unreadable one. What is cut off or damaged is a document with
        a problem.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> _ = path.write_text('{"a":\n1}\nx\n2027-01-15T08:00:00Z stdout F {"b": 2}{"c": 3}\n{')
    >>> for document in documents(path):
    ...     print(*document[:3])
    1 {'a': 1} None
    3 None not JSON
    4 {'b': 2} None
    4 {'c': 3} None
    5 None cut off: the object does not end
    """
    yield from documents_of(_lines(path))


def documents_of(lines: Iterable[Line]) -> Iterator[Document]:
    """Yield the documents of numbered lines, each without line end and prefix, or with its problem.

    Examples
    --------
    >>> [(d.line, d.value) for d in documents_of([(7, b'{"a":', None), (8, b"1}", None)])]
    [(7, {'a': 1})]
    """
    held: _Held | None = None
    for number, line, problem in lines:
        if problem is not None:
            yield Document(number, None, problem, line[:2000])
            continue
        document = parsed(number, line)
        if held is not None and (held.wants_another or not _begins_anew(document)):
            held.add(number, line)
            if not held.is_open:
                yield from held.documents()
                held = None
            continue
        if held is not None:
            yield from held.cut_off()
        held = _Held(number, line) if document.problem is not None and _depth(line) > 0 else None
        if held is None:
            yield from _values(document)
    if held is not None:
        yield from held.cut_off()


class _Held:
    """Lines of a document that has not ended yet."""

    def __init__(self, number: int, line: bytes) -> None:
        self._numbers, self._lines, self._size, self._depth = [number], [line], len(line), _depth(line)

    def add(self, number: int, line: bytes) -> None:
        self._numbers.append(number)
        self._lines.append(line)
        self._size, self._depth = self._size + len(line), self._depth + _depth(line)

    @property
    def is_open(self) -> bool:
        return self._depth > 0 and self._size <= MOST_BYTES

    @property
    def _is_list(self) -> bool:
        return self._lines[0].lstrip()[:1] == b"["

    @property
    def wants_another(self) -> bool:
        """Whether an object that stands on one line may be the next of this list."""
        return self._is_list and self._lines[-1].rstrip()[-1:] in (b",", b"[")

    def documents(self) -> Iterator[Document]:
        if self._size > MOST_BYTES:
            yield from self._parts(LONG)
            return
        whole = parsed(self._numbers[0], b"\n".join(self._lines))
        if whole.problem is not None and self._is_list:
            yield from self._parts(whole.problem)
        else:
            yield from _values(whole)

    def cut_off(self) -> Iterator[Document]:
        yield from self._parts("cut off: the object does not end")

    def _parts(self, problem: str) -> Iterator[Document]:
        """Yield the objects with which a list begins, the problem, what stands whole on other lines of it."""
        begun, numbers, lines = self._begun() if self._is_list else ([], self._numbers, self._lines)
        yield from begun
        found, rest = list[Document](), list[bytes]()
        for number, line in zip(numbers, lines, strict=True):
            whole = _whole(number, line) if self._is_list else []
            found += whole
            rest += [] if whole else [line]
        yield Document(numbers[0], None, problem, b"\n".join(rest))
        yield from found

    def _begun(self) -> tuple[list[Document], list[int], list[bytes]]:
        """Return the objects with which a list begins, and the numbered lines of what follows on them."""
        text = _text(b"\n".join(self._lines))
        found, at, line = list[Document](), text.index("[") + 1, 0
        for value, start, end in one_behind_another(text, at):
            line += text.count("\n", at, start)
            raw = text[start:end].encode("utf-8", "surrogateescape")
            found.append(Document(self._numbers[line], value, None, raw))
            at, line = end, line + text.count("\n", start, end)
        if not any(isinstance(document.value, dict) for document in found):
            return [], self._numbers, self._lines
        rest = text[at:].lstrip(BETWEEN)
        line += text.count("\n", at, len(text) - len(rest))
        return found, self._numbers[line:], rest.encode("utf-8", "surrogateescape").split(b"\n")


def _whole(number: int, line: bytes) -> list[Document]:
    """Return what a line of a list holds, one thing at most."""
    text = line.strip().removesuffix(b",")
    may_be = [raw for raw in (text, text.removeprefix(b"[")) if len(raw) > 2 and raw[:1] in b"{["]
    return [document for raw in may_be if (document := parsed(number, raw)).problem is None][:1]


def _begins_anew(document: Document) -> bool:
    """Tell whether a line is an object by itself; an empty one may be a part of what is open."""
    return document.problem is None and document.raw.startswith(b"{") and len(document.raw) > 2


def _depth(line: bytes) -> int:
    """Return how many more brackets are opened than closed, but for those in texts."""
    bare_line = _TEXT.sub(b"", line)
    return sum(map(bare_line.count, (b"{", b"["))) - sum(map(bare_line.count, (b"}", b"]")))


def parsed(line: int, raw: bytes) -> Document:
    """Read the text of one document that stands on ``line``."""
    try:
        return Document(line, _value(raw), None, raw)
    except RecursionError:
        return Document(line, None, "nested too deeply", raw)
    except ValueError:
        return Document(line, None, _BROKEN, raw)


def _value(raw: bytes) -> Any:
    """Return the value of a JSON text: orjson's, three times as fast, where Python's is no other.

    What orjson refuses (NaN, half a pair) or changes (whole numbers of more than 64 bits) Python reads.
    """
    if not (b"\\" in raw and (b"\\x" in raw or b"\\u" in raw) or _has_long_number(raw)):
        with suppress(ValueError):
            return orjson.loads(raw)
    return json.loads(_text(raw))


def _has_long_number(raw: bytes) -> bool:
    zeros = raw.translate(_AS_ZERO)
    return any(number in zeros for number in _LONG_NUMBERS)


def _text(raw: bytes) -> str:
    return readable_json(raw.decode("utf-8", "surrogateescape"))


def _values(document: Document) -> Iterator[Document]:
    """Yield a document, or the objects that stand in its place one behind the other."""
    if document.problem != _BROKEN:
        yield document
        return
    text, at, line = _text(document.raw), 0, document.line
    for value, start, end in one_behind_another(text):
        line += text.count("\n", at, start)
        yield Document(line, value, None, text[start:end].encode("utf-8", "surrogateescape"))
        at, line = end, line + text.count("\n", start, end)
    rest = text[at:].lstrip(BETWEEN if at else None)
    if not at:
        yield document
    elif rest:
        line += text.count("\n", at, len(text) - len(rest))
        yield Document(line, None, _BROKEN, rest.encode("utf-8", "surrogateescape"))


def _lines(path: Path) -> Iterator[Line]:
    with opened(path) as (stream, content):
        number = 0

        def raw() -> Iterator[tuple[int, bytes]]:
            nonlocal number
            while line := line_of(stream):
                number += 1
                yield number, line

        yield from whole_lines(raw())
        if content.problem is not None:
            yield number + 1, b"", content.problem


def whole_lines(raw: Iterable[tuple[int, bytes]]) -> Iterator[Line]:
    r"""Yield number, line and problem of the non-empty lines, without the prefix of a runtime; parts joined.

    Examples
    --------
    >>> at = b"2027-01-15T08:00:00Z stdout "
    >>> list(whole_lines([(1, at + b'P {"b":\r\n'), (2, at + b"F 2}\n"), (3, b"\n"), (4, b"text")]))
    [(2, b'{"b":2}', None), (4, b'text', None)]
    """
    number, parts = 0, dict[bytes, bytes]()
    for number, line in raw:
        own = bare(line.lstrip(_ZERO))  # where a machine went down, zeros stand in the place of lines
        line = parts.pop(own.stream, b"") + own.line.rstrip(b"\r\n\0")
        long = len(line) > MOST_BYTES
        if own.is_part and not long:
            parts[own.stream] = line
        elif line.strip():
            yield number, line, LONG if long else None
    for line in parts.values():
        yield number, line, None


def line_of(stream: BinaryIO, begun: int = 0) -> bytes:
    r"""Read a line, of which so many bytes were read before; of one that is too long the rest is dropped.

    Examples
    --------
    >>> import io
    >>> line_of(io.BytesIO(b"one\ntwo\n"))
    b'one\n'
    """
    line = more = stream.readline(MOST_BYTES + 1 - begun)
    is_long = begun + len(line) > MOST_BYTES
    while is_long and not more.endswith(b"\n"):
        more = stream.readline(MOST_BYTES + 1)
        is_long = len(more) > MOST_BYTES
    return line
