"""A document of a log: what stands on a line, or on several, and what is wrong with it."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["Document"]


class _Told(NamedTuple):
    line: int
    value: Any
    problem: str | None
    raw: bytes


class Document(_Told):
    """A document, or why it is none: its ``line``, ``value``, ``problem``, and ``raw``, its text.

    Of one in an envelope ``host`` is whose it is as that says (`rtml.reading.senders`), ``head`` what stands
    before it there: they are no parts of the tuple, which readers of others unpack.

    Examples
    --------
    >>> document = Document(1, {}, None, b"{}", "web-1")
    >>> line, value, problem, raw = document
    >>> document._replace(line=2).host, document == Document(1, {}, None, b"{}")
    ('web-1', True)
    """

    host: str | None = None
    head: bytes = b""

    def __new__(
        cls,
        line: int,
        value: Any,
        problem: str | None,
        raw: bytes,
        host: str | None = None,
        head: bytes = b"",
    ) -> Document:
        """Make one; what says nothing is not kept."""
        self = super().__new__(cls, line, value, problem, raw)
        if host is not None:
            self.host = host
        if head:
            self.head = head
        return self

    def _replace(self, **fields: Any) -> Document:
        own = {name: fields.get(name, getattr(self, name)) for name in _Told._fields}
        return Document(**own, host=fields.get("host", self.host), head=fields.get("head", self.head))
