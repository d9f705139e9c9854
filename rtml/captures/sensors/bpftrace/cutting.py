"""Where a log can be cut in two: an exec and the lines with its arguments stay together."""

from __future__ import annotations

import re

__all__ = ["together"]

_LINES = 500
_MOMENT = 100_000_000
"""Nanoseconds. The sensor prints arguments sooner: after so long, or so many lines, they are there."""

_HEAD = re.compile(rb'"\+?([a-z0-9]+)(?:\\+u001f|\x1f)(\d{1,19})(?:\\+u001f|\x1f)')


def together(raw: bytes) -> int:
    r"""Return how many bytes can be read by themselves; arguments of what lies there do not follow later.

    Examples
    --------
    >>> lines = [rb'{"type": "printf", "data": "%s\u001f%d\u001f7"}' % at for at in
    ...          [(b"open", 1), (b"exec", 10**9), (b"argv", 10**9 + 5)]]
    >>> together(b"\n".join(lines) + b"\n") == len(lines[0]) + 1
    True
    """
    at, latest, end = len(raw), 0, len(raw)
    for _ in range(_LINES):
        start = raw.rfind(b"\n", 0, max(at - 1, 0)) + 1
        head = _HEAD.search(raw, start, at)
        if head is not None:
            latest = max(latest, int(head[2]))
            if int(head[2]) < latest - _MOMENT:
                break
            if head[1] == b"exec":
                end = start
        at = start
        if at == 0:
            break
    return end
