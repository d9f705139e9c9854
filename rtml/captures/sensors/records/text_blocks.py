"""Blocks of lines of a log that is text: as they stand, or out of the JSON in which a transport put them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rtml.captures.sensors.records.blocks import BLOCK, Block, blocks
from rtml.reading.content import first_bytes
from rtml.reading.documents import documents
from rtml.reading.envelopes import texts_in
from rtml.reading.shipped_csv import rows_of

__all__ = ["text_blocks"]


def _as_it_stands(line: bytes, host: str | None) -> bytes:
    return line


def text_blocks(
    path: Path, writers: Sequence[str] = (), on_host: Callable[[bytes, str | None], bytes] = _as_it_stands
) -> Iterator[Block]:
    r"""Yield the lines of a text log, plain or packed, in blocks.

    Of lines in JSON (a container runtime's, a shipper's, CloudWatch's) or in a table as CSV each block is
    what documents that follow on one another hold; lines are numbered from that of the first document on.
    JSON that is no envelope comes on one line, for the reader to take or to refuse; lines of others than the
    ``writers`` (`rtml.reading.writers`) have a problem. ``on_host`` writes into a line the host that its
    envelope names (`rtml.reading.senders`).

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> line = '{"log": "a \\"b\\"\\n", "stream": "stdout"}'
    >>> _ = path.write_text(line + "\n" + line)
    >>> [(block.first, block.raw) for block in text_blocks(path)]
    [(1, b'a "b"\na "b"\n')]
    """
    rows = rows_of(path, any_text=True)
    if rows is None and first_bytes(path).lstrip()[:1] not in (b"{", b"[", b'"'):
        yield from blocks(path)
        return
    first, held, lines, last = 1, bytearray(), 0, 0
    for document in documents(path) if rows is None else rows:
        texts = texts_in(document, writers)
        refused = [text for text in texts or () if text.problem is not None]
        # Text between objects is text; an object that is cut off is not.
        problem = document.problem if texts is None and document.raw[:1] in (b"{", b"[") else None
        whole = (
            None if texts is None else [on_host(text.raw, text.host) for text in texts if not text.problem]
        )
        if whole is None:
            line = document.raw if document.problem is not None else _on_one_line(document.raw)
            whole = [on_host(line, document.host)]
        raw = b"".join(text.rstrip(b"\n") + b"\n" for text in whole)
        apart = document.line not in (first + lines, last)  # documents may stand side by side on a line
        last = document.line
        if held and (problem is not None or apart or len(held) > BLOCK):
            yield Block(first, bytes(held))
            held.clear()
        if problem is not None:
            yield Block(document.line, document.raw[:2000], problem)
            continue
        yield from (Block(text.line, text.raw[:2000], text.problem) for text in refused)
        if not raw:
            continue
        first, lines = (first, lines) if held else (document.line, 0)
        held += raw if raw.endswith(b"\n") else raw + b"\n"
        lines += max(1, raw.count(b"\n"))
    if held:
        yield Block(first, bytes(held))


def _on_one_line(raw: bytes) -> bytes:
    """Return JSON without its line ends, which stand only between its words."""
    return b" ".join(raw.split(b"\n")) if b"\n" in raw else raw
