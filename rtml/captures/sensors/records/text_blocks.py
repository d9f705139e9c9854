"""Blocks of lines of a log that is text: as they stand, or out of the JSON in which a transport put them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rtml.captures.sensors.records.blocks import BLOCK, Block, blocks
from rtml.reading.content import first_bytes
from rtml.reading.documents import documents
from rtml.reading.envelopes import texts_in

__all__ = ["text_blocks"]


def text_blocks(path: Path) -> Iterator[Block]:
    r"""Yield the lines of a text log, plain or packed, in blocks.

    Of lines in JSON (a container runtime's, a shipper's, CloudWatch's) each block is what documents that
    follow on one another hold; lines are numbered from that of the first document on. JSON that is no
    envelope stays as it stands, for the reader to refuse.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "log"
    >>> line = '{"log": "a \\"b\\"\\n", "stream": "stdout"}'
    >>> _ = path.write_text(line + "\n" + line)
    >>> [(block.first, block.raw) for block in text_blocks(path)]
    [(1, b'a "b"\na "b"\n')]
    """
    if first_bytes(path).lstrip()[:1] not in (b"{", b"["):
        yield from blocks(path)
        return
    first, held, lines, last = 1, bytearray(), 0, 0
    for document in documents(path):
        texts = texts_in(document)
        # Text between objects is text; an object that is cut off is not.
        problem = document.problem if texts is None and document.raw[:1] in (b"{", b"[") else None
        raw = document.raw if texts is None else b"".join(text.rstrip(b"\n") + b"\n" for text in texts)
        apart = document.line not in (first + lines, last)  # documents may stand side by side on a line
        last = document.line
        if held and (problem is not None or apart or len(held) > BLOCK):
            yield Block(first, bytes(held))
            held.clear()
        if problem is not None:
            yield Block(document.line, document.raw[:2000], problem)
            continue
        first, lines = (first, lines) if held else (document.line, 0)
        held += raw if raw.endswith(b"\n") else raw + b"\n"
        lines += max(1, raw.count(b"\n"))
    if held:
        yield Block(first, bytes(held))
