r"""Records of a JSON log, out of the envelope in which a transport, a store or an export has put them.

What envelopes there are stands in `rtml.reading.wrappers`, what stands before lines in
`rtml.reading.prefixes`, tables with a column of records in `rtml.reading.shipped_csv`. Objects in a list are
documents of their own; envelopes may stand in one another. Who wrote a line is asked of the envelope
(`rtml.reading.writers`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from rtml.reading.documents import MOST_BYTES, Document, documents
from rtml.reading.escapes import original
from rtml.reading.headed import CUT, again, headed, is_record, joined
from rtml.reading.senders import sender
from rtml.reading.shipped_csv import rows_of
from rtml.reading.wrappers import inside, may_wrap
from rtml.reading.writers import foreign

__all__ = ["ANYTHING", "Inside", "first_records", "records", "records_of", "texts_in"]

_DEEPEST = 8
_LISTS = (b'"', b'["', b"[[", b"[\n")
"""Beginnings of lines and lists in quotes, and of lists of lists."""


def _none(value: Any) -> bool:
    return False


class Inside(NamedTuple):
    """What is expected in envelopes.

    ``writers`` are words in the names of the containers that write it (`rtml.reading.writers`), ``own`` tells
    a record that is no envelope, whatever it looks like.
    """

    writers: Sequence[str] = ()
    own: Callable[[Any], bool] = _none


ANYTHING = Inside()


def records(path: Path, expected: Inside = ANYTHING) -> Iterator[Document]:
    r"""Yield the documents of a file (`rtml.reading.documents.documents`), those in envelopes unwrapped.

    A record in an envelope has the envelope's line; one that is no JSON is a problem by itself.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> _ = path.write_text('{"logEvents": [{"message": "{\\"a\\": 1}"}, {"message": "no"}]}\n{"b": 2}')
    >>> [document[:3] for document in records(path)]
    [(1, {'a': 1}, None), (1, None, 'not JSON'), (2, {'b': 2}, None)]
    """
    rows = rows_of(path)
    yield from records_of(documents(path) if rows is None else rows, expected)


def first_records(path: Path, head: bytes, any_text: bool = False, most: int = 20) -> list[bytes] | None:
    r"""Return the texts of the first records of a file that begins so if they stand in envelopes, else None.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> size = path.write_text('{"hits": {"hits": [{"_index": "i", "_source": {"rule": "x"}}]}}\n')
    >>> first_records(path, path.read_bytes())
    [b'{"rule": "x"}']
    >>> first_records(path, b'{"rule": "x"}')
    """
    rows = rows_of(path, any_text)
    if rows is None and not may_wrap(head) and not head.lstrip().startswith(_LISTS):
        return None
    found, wrapped = list[bytes](), rows is not None
    for document in islice(documents(path) if rows is None else rows, most):
        if any_text:
            told = texts_in(document) or ([document] if rows is not None else [])
        else:
            told = [*records_of([document])]
        wrapped = wrapped or told != [document] and bool(told)
        found += [one.raw for one in told[:most]]
    return found if wrapped and found else None


def records_of(enveloped: Iterable[Document], expected: Inside = ANYTHING) -> Iterator[Document]:
    """Yield documents, those in envelopes unwrapped.

    Examples
    --------
    >>> from rtml.reading.documents import documents_of
    >>> lines = [(3, b'{"log": "{}", "stream": "stdout"}', None)]
    >>> [(d.line, d.value) for d in records_of(documents_of(lines))]
    [(3, {})]
    """
    yield from joined(_inside_each(enveloped, expected), lambda whole: _unwrapped(whole, expected))


def _inside_each(enveloped: Iterable[Document], expected: Inside) -> Iterator[Document]:
    """Yield what is in envelopes, lines joined that a runtime has cut without a mark."""
    begun: Document | None = None
    for document in enveloped:
        line = _shipped_line(document.value, expected)
        if line is None:
            yield from _unwrapped(document, expected)
            continue
        record = _inside(_from_its_host(document), line)
        if begun is not None:
            # Behind a cut the line goes on: what looks like a head there is its own.
            whole = again(begun, begun.raw + original(line))
            if record.problem is not None or whole.problem is None:
                record = whole
            else:
                yield begun._replace(problem=CUT)
        begun = record if _goes_on(record, line) else None
        if begun is None:
            yield from _unwrapped(record, expected)
    if begun is not None:
        yield begun._replace(problem=CUT)


def texts_in(document: Document, writers: Sequence[str] = (), depth: int = 0) -> list[Document] | None:
    r"""Return the lines of text in an envelope, or in a list of them; None for what is none.

    A line that another container wrote (`rtml.reading.writers`) comes with that as its problem. ``depth`` is
    how many envelopes are round the document.

    Examples
    --------
    >>> [d.raw for d in texts_in(Document(1, {"log": "type=CWD\\n", "stream": "stdout"}, None, b"")) or []]
    [b'type=CWD\\n']
    >>> texts_in(Document(1, {"log": "type=CWD"}, None, b""))
    """
    value = document.value
    if depth >= _DEEPEST or document.problem is not None:
        return None
    if isinstance(value, str):
        return [document._replace(value=None, raw=_raw(value))]
    parts = value if isinstance(value, list) else inside(value, any_text=True)
    if parts is None:
        return None
    other = foreign(value, writers) if isinstance(value, dict) else None
    envelope = _from_its_host(document)
    if other is not None:
        why = _of_another(other, writers)
        return [Document(document.line, None, why, _raw(part)) for part in parts]
    found = list[Document]()
    for part in parts:
        is_line = isinstance(part, str) and not part.lstrip().startswith(("{", "["))
        own = Document(document.line, None, None, _raw(part), envelope.host)
        own = own if is_line else _inside(envelope, part)
        deeper = None if is_line else texts_in(own, writers, depth + 1)
        if deeper is None and isinstance(value, list) and not is_line:
            return None
        found += [own._replace(problem=None)] if deeper is None else deeper
    return found


def _goes_on(record: Document, line: str) -> bool:
    """Tell whether a runtime has cut the line here: the object is open, and no line has ended."""
    is_open = record.problem is not None and record.raw.startswith(b"{")
    return is_open and not line.endswith("\n") and len(record.raw) <= MOST_BYTES


def _unwrapped(document: Document, expected: Inside, depth: int = 0) -> Iterator[Document]:
    value = document.value
    if depth >= _DEEPEST or expected.own(value):
        yield document
        return
    parts = _listed(value) or inside(value)
    if parts is None:
        yield document
        return
    other = foreign(value, expected.writers) if isinstance(value, dict) else None
    envelope = _from_its_host(document)
    for part in parts:
        if other is not None:
            yield Document(document.line, None, _of_another(other, expected.writers), _raw(part))
        else:
            yield from _unwrapped(_inside(envelope, part), expected, depth + 1)


def _listed(value: Any) -> list[Any] | None:
    """Return what stands in a list of records, or in a text that is one: some tools quote what they print."""
    if isinstance(value, str):
        return [value] if is_record(value) else None
    if not isinstance(value, list):
        return None
    records = (isinstance(x, dict) or (isinstance(x, list | str) and _listed(x) is not None) for x in value)
    return value if any(records) else None


def _of_another(name: str, writers: Sequence[str]) -> str:
    return (
        f"written by {name[:60]}, not by {writers[0]}, says what shipped it; take the lines out of their"
        " envelopes if that is the sensor"
    )


def _from_its_host(envelope: Document) -> Document:
    """Return an envelope with the host that it names, else the one that those round it do."""
    host = sender(envelope.value) if isinstance(envelope.value, dict) else None
    return envelope if host is None else envelope._replace(host=host)


def _inside(envelope: Document, part: Any) -> Document:
    if isinstance(part, str):
        record = headed(envelope.line, original(part))
        return record if envelope.host is None else record._replace(host=envelope.host)
    return Document(envelope.line, part, None, _raw(part), envelope.host)


def _raw(part: Any) -> bytes:
    text = part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
    return original(text)


def _shipped_line(value: Any, expected: Inside) -> str | None:
    """Return the line that a runtime or its shipper wrapped in an object."""
    parts = None if expected.own(value) else inside(value)
    if parts is None or len(parts) != 1 or not isinstance(parts[0], str) or foreign(value, expected.writers):
        return None
    return parts[0]
