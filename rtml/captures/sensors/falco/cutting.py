"""Where a log of Falco can be cut in two: alerts of one system call, by several rules, stay together."""

from __future__ import annotations

import re

__all__ = ["together"]

_NUMBER = re.compile(rb'"evt\.num": *(\d+)')
_LINES = 200
_BEFORE = 1_000_000


def together(raw: bytes) -> int:
    r"""Return how many bytes can be read by themselves: the last call may go on in the next line.

    Examples
    --------
    >>> lines = [b'{"evt.num":%d}\n' % number for number in (1, 2, 2)]
    >>> together(b"".join(lines)) == len(lines[0])
    True
    >>> together(b"Falco version: 0.44\n")  # what it prints before the first alert is read with that
    0
    """
    at, last, end = len(raw), None, len(raw)
    for _ in range(_LINES):
        start = raw.rfind(b"\n", 0, max(at - 1, 0)) + 1
        found = _NUMBER.search(raw, start, at)
        if found is not None and last is not None and found[1] != last:
            break
        if found is not None:
            last, end = found[1], start
        at = start
        if at == 0:
            break
    if last is None and len(raw) < _BEFORE and b'"rule"' not in raw:
        return 0
    return end
