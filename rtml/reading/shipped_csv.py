r"""Tables as CSV that have a record, or the line of one, in a column: exports of Splunk, Grafana, Datadog."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from rtml.reading.content import first_bytes, opened
from rtml.reading.documents import LONG, MOST_BYTES, Document
from rtml.reading.headed import headed, is_record
from rtml.reading.senders import sender, sender_among

__all__ = ["rows_of"]

_COLUMNS = (
    "_raw _source event.original @message message log logmessage logentry log_s rawdata jsonpayload"
    " textpayload full_message payload value body line content json event raw"
).split()
"""Names of columns that may hold records, the first that does counts."""
_HEAD = 1 << 16
_LONGEST = 20_000
_EMPTY = "the column {} is empty"


def rows_of(path: Path, any_text: bool = False) -> Iterator[Document] | None:
    r"""Return the records in the rows of a table, each a document on the line on which its row begins.

    None where the file is no such table: its first line names none of the known columns, or no object
    (``any_text``: nothing) stands in one of them in the first row.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "export.csv"
    >>> _ = path.write_text('_time,_raw\n1,"{""rule"": ""x""}"\n2,no\n')
    >>> [(row.line, row.value, row.problem) for row in rows_of(path) or []]
    [(2, {'rule': 'x'}, None), (3, None, 'not JSON')]
    >>> _ = path.write_text('{"log": 1}')
    >>> rows_of(path)
    """
    if not path.is_file():
        return None  # a pipe can be read once only
    head = first_bytes(path, _HEAD).lstrip(b"\r\n")
    first = head.partition(b"\n")[0].lower()
    if b"{" in first or len(first) > _LONGEST or not any(name.encode() in first for name in _COLUMNS):
        return None
    text = head.decode("utf-8", "surrogateescape")
    for mark in ",;\t":
        place = _place(text, mark, any_text)
        if place is not None:
            return _rows(path, mark, place, any_text)
    return None


def _place(text: str, mark: str, any_text: bool) -> int | None:
    """Return the column of the first rows that has records."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    try:
        names, row = [name.strip().lower() for name in _next(reader)], _next(reader)
    except (csv.Error, StopIteration):
        return None
    for name in _COLUMNS:
        at = names.index(name) if name in names else len(row)
        if at < len(row) and (is_record(row[at]) or (any_text and row[at].strip())):
            return at
    return None


def _next(reader: Iterator[list[str]]) -> list[str]:
    """Return the next row, whose cells may be long: the limit is the process's, so it is put back."""
    usual = csv.field_size_limit(MOST_BYTES)
    try:
        return next(reader)
    finally:
        csv.field_size_limit(usual)


def _rows(path: Path, mark: str, place: int, any_text: bool) -> Iterator[Document]:
    with opened(path) as (stream, content):
        lines = io.TextIOWrapper(stream, "utf-8", "surrogateescape", newline="")
        reader, began, name, host = csv.reader(lines, delimiter=mark), 0, "", None
        while True:
            before = reader.line_num
            try:
                row = _next(reader)
            except StopIteration:
                break
            except csv.Error:
                yield Document(before + 1, None, LONG, b"")
                continue
            began += 1
            if began == 1:
                name, host = row[place] if place < len(row) else "", sender_among(row)
            elif row:
                of = None if host is None or host >= len(row) else sender({"host": row[host]})
                yield _document(before + 1, row, place, name, any_text)._replace(host=of)
        if content.problem is not None:
            yield Document(reader.line_num + 1, None, content.problem, b"")
        lines.detach()


def _document(line: int, row: list[str], place: int, name: str, any_text: bool) -> Document:
    cell = row[place] if place < len(row) else ""
    raw = cell.encode("utf-8", "surrogateescape")
    if any_text:
        return Document(line, None, None, raw)
    return headed(line, raw) if cell.strip() else Document(line, None, _EMPTY.format(name), raw)
