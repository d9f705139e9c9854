r"""Lines in envelopes with what a runtime or syslog wrote before them: that is taken off, parts are joined.

What may stand there is in `rtml.reading.prefixes`; of lines of a file `rtml.reading.documents` takes it off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from rtml.reading.documents import LONG, MOST_BYTES, Document, parsed
from rtml.reading.prefixes import bare

__all__ = ["CUT", "again", "headed", "is_record", "joined"]

CUT = "cut off: the line of the log does not end"
"""Why a part of a line is refused whose other parts are not there."""
_LONGEST = 4096
"""Characters in which what is written before a line must end."""
_STREAM = 48
"""Characters in which a runtime has written the time and the stream."""


def is_record(line: str) -> bool:
    """Tell whether a line is an object or a list of some, also behind a head, or a part that a runtime cut.

    Many texts begin with a word in brackets: those are no lists.

    Examples
    --------
    >>> is_record('<5>2027-01-15T08:00:00Z node falco[1]: {"rule": "x"}'), is_record("hello, {you}")
    (True, False)
    >>> is_record("2027-01-15T08:00:00Z stdout F 1}"), is_record("[error] no such page")
    (True, False)
    """
    start = line.lstrip()[:_LONGEST]
    if start[:1] == "{" or (start[:1] == "[" and "{" in start):
        return True
    if "{" not in start and " std" not in start[:_STREAM]:
        return False
    own = bare(start.encode("utf-8", "replace"))
    return own.line[:1] == b"{" or own.stream != b""


def headed(line: int, raw: bytes) -> Document:
    """Read a line behind its head; what is no whole record keeps that of its runtime, for `joined`.

    Examples
    --------
    >>> headed(3, b'2027-01-15T08:00:00Z stdout F {"a": 1}').value
    {'a': 1}
    >>> headed(3, b'2027-01-15T08:00:00Z stdout P {"a":').problem
    'cut off: the line of the log does not end'
    """
    own = bare(raw)
    if own.is_part:
        return Document(line, None, CUT, raw)
    document = parsed(line, own.line)
    if document.problem is not None:
        return document._replace(raw=raw) if own.stream else document
    is_before = len(own.line) < len(raw) and raw.endswith(own.line)
    return document._replace(head=raw[: -len(own.line)]) if is_before else document


def again(part: Document, raw: bytes) -> Document:
    """Read the text of which a document was a part: it is of the same line and host.

    Examples
    --------
    >>> again(Document(3, None, CUT, b"[", "web-1"), b"[1]")
    Document(line=3, value=[1], problem=None, raw=b'[1]')
    """
    return parsed(part.line, raw)._replace(host=part.host, head=part.head)


def joined(
    documents: Iterable[Document], inside: Callable[[Document], Iterator[Document]]
) -> Iterator[Document]:
    """Yield documents, the parts into which a runtime has cut a line as what is ``inside`` the whole.

    A part whose others are not there is a problem by itself. Lines of other containers between them do not
    matter if they are whole.

    Examples
    --------
    >>> at = b"2027-01-15T08:00:00Z stdout "
    >>> parts = [headed(1, at + b'P {"a":'), headed(2, at + b'F {"b": 2}'), headed(3, at + b"F 1}")]
    >>> [(document.line, document.value) for document in joined(parts, lambda whole: iter([whole]))]
    [(2, {'b': 2}), (1, {'a': 1})]
    """
    begun = dict[bytes, Document]()
    for document in documents:
        own = bare(document.raw) if document.problem is not None else None
        if own is None or not own.stream:
            yield document
            continue
        part = document._replace(raw=own.line.rstrip(b"\r\n"))
        before = begun.pop(own.stream, None)
        whole = part if before is None else before._replace(raw=before.raw + part.raw)
        if own.is_part and len(whole.raw) <= MOST_BYTES:
            begun[own.stream] = whole
        else:
            yield from _ended(before, part, whole, inside)
    yield from begun.values()


def _ended(
    before: Document | None, part: Document, whole: Document, inside: Callable[[Document], Iterator[Document]]
) -> Iterator[Document]:
    """Yield what a line holds that has ended; where its parts make none, each for itself."""
    if len(whole.raw) > MOST_BYTES:
        yield whole._replace(problem=LONG)
        return
    record = part if before is None else again(whole, whole.raw)
    if before is not None and record.problem is not None:
        yield before
        yield part
    elif before is not None:
        yield from inside(record)
    else:
        yield part
