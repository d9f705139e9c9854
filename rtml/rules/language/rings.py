"""System calls that the kernel was asked for through a ring: rules that name the call mean them too.

Sensors tell them as ``io_uring mkdirat`` (`rtml.captures.sensors.auditd.rings`): it is another way to the
same deed, which attackers take because few rules know it. A rule may still name the ring alone.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

__all__ = ["NAMED", "is_seen", "spellings"]

NAMED = "request"
"""The column that names calls."""
_RING = "io_uring "


def spellings(column: str, values: Sequence[str]) -> list[str]:
    """Return values that a column may equal, calls also as they are asked for through a ring.

    Examples
    --------
    >>> spellings("request", ["mkdirat"]), spellings("kind", ["open"])
    (['mkdirat', 'io_uring mkdirat'], ['open'])
    """
    return [*values, *(_RING + value for value in values)] if column == NAMED else [*values]


def is_seen(column: str, value: str, seen: Set[str]) -> bool:
    """Say whether one of the values that a column has, in lower case, is this one, or asked for by a ring.

    Examples
    --------
    >>> is_seen("request", "Mkdirat", {"io_uring mkdirat"}), is_seen("request", "chroot", {"mkdir"})
    (True, False)
    """
    return any(spelt in seen for spelt in spellings(column, [value.lower()]))
