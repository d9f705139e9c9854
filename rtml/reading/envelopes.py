r"""Records of a JSON log, out of the envelope in which a transport or an export has put them.

Known are those of CloudWatch (subscription and ``get-log-events``), of container runtimes and their shippers
(an object a line, ``{"log": "…\n", "stream": …}``, a long line in several of them), and of what collects
their lines: Filebeat, Vector, journald, Loki, Cloud Logging. Objects in a list are documents of their own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from rtml.reading.documents import MOST_BYTES, Document, documents, parsed
from rtml.reading.escapes import original

__all__ = ["records", "records_of", "texts_in"]

_SHIPPED = {
    "log": {"stream", "date", "kubernetes", "attrs"},
    "message": {"@timestamp", "ecs", "agent", "ingestionTime", "source_type", "kubernetes"},
    "MESSAGE": {"__REALTIME_TIMESTAMP", "_HOSTNAME", "SYSLOG_IDENTIFIER"},
    "line": {"labels"},
    "textPayload": {"insertId", "logName"},
}
"""Under which key an envelope has the line, and the keys of which one must be beside it."""
_PAYLOAD, _BESIDE = "jsonPayload", {"insertId", "logName"}
_DEEPEST = 4
_SHIPPED_KEYS = frozenset({*_SHIPPED, _PAYLOAD})
_CUT = "cut off: the line of the log does not end"


def records(path: Path) -> Iterator[Document]:
    r"""Yield the documents of a file (`rtml.reading.documents.documents`), those in envelopes unwrapped.

    A record in an envelope has the envelope's line; one that is no JSON is a problem by itself.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> _ = path.write_text('{"logEvents": [{"message": "{\\"a\\": 1}"}, {"message": "no"}]}\n{"b": 2}')
    >>> [(line, value, problem) for line, value, problem, _ in records(path)]
    [(1, {'a': 1}, None), (1, None, 'not JSON'), (2, {'b': 2}, None)]
    """
    yield from records_of(documents(path))


def records_of(enveloped: Iterable[Document]) -> Iterator[Document]:
    """Yield documents, those in envelopes unwrapped.

    Examples
    --------
    >>> from rtml.reading.documents import documents_of
    >>> lines = [(3, b'{"log": "{}", "stream": "stdout"}', None)]
    >>> [(d.line, d.value) for d in records_of(documents_of(lines))]
    [(3, {})]
    """
    begun: Document | None = None
    for document in enveloped:
        line = _shipped_line(document.value)
        if line is None:
            yield from _unwrapped(document)
            continue
        record = _inside(document, line)
        if begun is not None and record.problem is not None:
            record = parsed(begun.line, begun.raw + record.raw)
        elif begun is not None:
            yield begun._replace(problem=_CUT)
        begun = record if _goes_on(record, line) else None
        if begun is None:
            yield from _unwrapped(record)
    if begun is not None:
        yield begun._replace(problem=_CUT)


def texts_in(document: Document) -> list[bytes] | None:
    r"""Return the lines of text in an envelope, or in a list of them; None for what is none.

    Examples
    --------
    >>> texts_in(Document(1, {"log": "type=CWD\\n", "stream": "stdout"}, None, b""))
    [b'type=CWD\\n']
    >>> texts_in(Document(1, {"log": "type=CWD"}, None, b""))
    """
    values = document.value if isinstance(document.value, list) else [document.value]
    found = [_texts(value) for value in values]
    if not found or None in found:
        return None
    return [original(text) for texts in found for text in texts or ()]


def _texts(value: Any) -> list[str] | None:
    texts = _messages(value)
    if texts is not None or not isinstance(value, dict):
        return texts
    lines = (
        value[key]
        for key, beside in _SHIPPED.items()
        if isinstance(value.get(key), str) and beside & {*value}
    )
    return [*lines][:1] or None


def _goes_on(record: Document, line: str) -> bool:
    """Tell whether a runtime has cut the line here: the object is open, and no line has ended."""
    is_open = record.problem is not None and record.raw.startswith(b"{")
    return is_open and not line.endswith("\n") and len(record.raw) <= MOST_BYTES


def _unwrapped(document: Document, depth: int = 0) -> Iterator[Document]:
    value = document.value
    if isinstance(value, list) and value and depth < _DEEPEST and all(isinstance(x, dict) for x in value):
        for part in value:
            whole = Document(document.line, part, None, json.dumps(part, ensure_ascii=False).encode())
            yield from _unwrapped(whole, depth + 1)
        return
    texts = _messages(document.value) if depth < _DEEPEST else None
    if texts is None:
        yield document
        return
    for text in texts:
        yield from _unwrapped(_inside(document, text), depth + 1)


def _inside(envelope: Document, text: str) -> Document:
    return parsed(envelope.line, original(text))


def _messages(value: Any) -> list[str] | None:
    """Return the texts in an envelope; None for what is none."""
    if not isinstance(value, dict):
        return None
    line = _shipped_line(value)
    if line is not None:
        return [line]
    events = value.get("logEvents", value.get("events"))
    if not isinstance(events, list) or not events:
        return None
    texts = [event.get("message") if isinstance(event, dict) else None for event in events]
    known = [text for text in texts if isinstance(text, str)]
    return known if len(known) == len(texts) else None


def _shipped_line(value: Any) -> str | None:
    """Return the line that a runtime or its shipper wrapped in an object."""
    if not isinstance(value, dict) or _SHIPPED_KEYS.isdisjoint(value):
        return None
    for key, beside in _SHIPPED.items():
        line = value.get(key)
        if (
            isinstance(line, str)
            and beside & value.keys()
            and (key == "log" or line.lstrip().startswith("{"))
        ):
            return line
    if isinstance(value.get(_PAYLOAD), dict) and _BESIDE & value.keys():
        return json.dumps(value[_PAYLOAD])
    return None
