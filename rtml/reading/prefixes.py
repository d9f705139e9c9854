r"""What tools write before a line: times of runtimes, heads of syslog, names of pods, tags, labels, colours.

They are taken off one after the other, as often as they stand there (``kubectl logs --prefix --timestamps``).
A line that is an object from its first byte has none.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Bare", "bare", "plain"]

_MARK = b"\xef\xbb\xbf"
"""Each of several files that were put behind one another may begin with it."""
_MOST = 5
_TIME = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:[\d.]+(?:Z|[+-]\d\d:?\d\d)"
_SENDER = rb"[^ {}\"]{1,252} [^:{}\"]{1,252}: (?:@cee: ?)?(?=\{)"
"""Host and program, as syslog and the journal write them."""
_PREFIX = re.compile(
    rb"(?:<\d{1,3}>)?" + _TIME + rb" (?:(std(?:out|err)) ([FP])(?::\w+)* |" + _SENDER + rb")?"
    rb"|(?=[\d-]*[A-Za-z.])[A-Za-z\d][A-Za-z\d.-]{1,252} +(?:[A-Za-z\d][A-Za-z\d.-]{0,252} +)?(?=\{)"
    rb"|(?:[^\t{}\"]{1,250}\t){1,5}(?=\{)"
    rb"|(?:\d{1,6} )?<\d{1,3}>1 (?:[^ {}\"]{1,255} ){5}(?:-|\[[^{}]{0,999}\]) (?:\xef\xbb\xbf|@cee: ?)?(?=\{)"
    rb"|[^\s{}\"]{1,252}:(?:\d{1,9}:)? ?(?=\{)"  # grep's name of the file, or the level of a logger
    rb"|\[[a-z]{1,20}/[^\]{}\"]{1,400}\] (?=\{|" + _TIME + rb")"
    rb"|(?:<\d{1,3}>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})? "
    + _SENDER
    + rb"|[\w.@-]{1,252} +\| "
    rb"|\{(?:[A-Za-z_]\w{0,99}=\"[^\"{}]{0,400}\"(?:, ?)?){1,60}\} +(?=\{)"
)
_COLOUR = re.compile(rb"\x1b\[[\d;]{0,20}[A-Za-z]")


class Bare(NamedTuple):
    """A line without what was before it; ``stream`` is the runtime's, ``is_part`` that it was cut there."""

    line: bytes
    stream: bytes = b""
    is_part: bool = False


def plain(line: bytes) -> bytes:
    r"""Take colours out; JSON has no byte of them.

    Examples
    --------
    >>> plain(b'\x1b[1;39m{\x1b[0m}')
    b'{}'
    """
    return _COLOUR.sub(b"", line) if b"\x1b[" in line else line


def bare(line: bytes) -> Bare:
    """Take off what stands before a line.

    Examples
    --------
    >>> bare(b'2027-01-15T08:00:00Z stdout P {"a":')
    Bare(line=b'{"a":', stream=b'stdout', is_part=True)
    >>> bare(b'[pod/falco-x/falco] 2027-01-15T08:00:00Z {}').line
    b'{}'
    >>> bare(b"<5>2027-01-15T08:00:00Z node Falco[1]: {}").line, bare(b"falco-1  | {}").line
    (b'{}', b'{}')
    """
    line = line.removeprefix(_MARK)
    line = plain(line)
    if line[:2] in (b'{"', b"{ ", b"{}"):
        return Bare(line)
    stream, is_part = b"", False
    for _ in range(_MOST):
        found = _PREFIX.match(line)
        if found is None:
            break
        if found[2]:
            stream, is_part = found[1], found[2] == b"P"
        line = line[found.end() :]
        if found[2]:  # what follows is the container's own
            break
    return Bare(line, stream, is_part)
