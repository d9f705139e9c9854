"""Files that often lie beside those of sensors and that none reads: what they are, what to take instead."""

from __future__ import annotations

from rtml.captures.sensors.signature import has_keys

__all__ = ["stranger"]

_KEYS = {
    "what go-libaudit makes of audit records; import the raw audit log, or auditbeat's output": (
        "record_type",
        "sequence",
        "summary",
    )
}


def stranger(head: bytes) -> str | None:
    """Return what a file is that begins so and that no sensor reads; None where it is not known.

    Examples
    --------
    >>> stranger(b'[{"event": {"sequence": 7, "record_type": "execve", "summary": {}}}]')[:25]
    'what go-libaudit makes of'
    >>> stranger(b'{"rule": "x"}')
    """
    return next((what for what, keys in _KEYS.items() if has_keys(head, *keys)), None)
