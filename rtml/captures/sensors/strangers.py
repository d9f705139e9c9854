"""Files that often lie beside those of sensors and that none reads: what they are, what to take instead."""

from __future__ import annotations

import re

from rtml.captures.sensors.signature import has_keys

__all__ = ["stranger"]

_LONGEST = 4096

_KEYS = {
    "what go-libaudit makes of audit records; import the raw audit log, or auditbeat's output": (
        "record_type",
        "sequence",
        "summary",
    )
}

_DEFAULT = rb"^(?!2(?: \S+){12} (?:OK|NODATA|SKIPDATA)\s*$)"
_FLOW = (
    _DEFAULT
    + rb"(?=\S+(?: \S+){9,}\s*$).*(?: (?:eni|tgw-attach)-\w+ |(?:ACCEPT|REJECT) (?:OK|NODATA|SKIPDATA)\b)"
)
_LINES = {
    "a VPC flow log without a line that names its fields; put its format before the first line"
    " (${version} ${account-id} …)": re.compile(_FLOW)
}
"""What a file is of which the first line looks so."""


def stranger(head: bytes) -> str | None:
    """Return what a file is that begins so and that no sensor reads; None where it is not known.

    Examples
    --------
    >>> stranger(b'[{"event": {"sequence": 7, "record_type": "execve", "summary": {}}}]')[:25]
    'what go-libaudit makes of'
    >>> stranger(b"7 123456789012 eni-0123456789abcdef0 10.0.0.1 10.0.0.2 5 80 6 1 40 1 2 web OK")[:15]
    'a VPC flow log '
    >>> stranger(b'{"rule": "x"}')
    """
    first = head.lstrip().partition(b"\n")[0][:_LONGEST]
    by_keys = (what for what, keys in _KEYS.items() if has_keys(head, *keys))
    return next(by_keys, next((what for what, form in _LINES.items() if form.search(first)), None))
