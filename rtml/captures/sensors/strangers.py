"""Files that often lie beside those of sensors and that none reads: what they are, what to take instead."""

from __future__ import annotations

import re

from rtml.captures.sensors.for_people import printed
from rtml.captures.sensors.signature import has_keys

__all__ = ["stranger"]

_LONGEST = 4096
"""Bytes of a first line that are looked at."""

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
_INTERPRETED = rb"^(?:node=\S+ )?type=\S{1,40} msg=audit\([^()]{6,40} \d\d:\d\d:\d\d\.\d{1,9}:\d+\) ?:"
_JOURNAL = (
    rb"^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT\S{8,30}) "
    + rb"\S{1,253} audit\[\d+\]: [A-Z_]{3,40} \w+="
)
_SYSMON = rb"<Event\b.{0,200}<Provider Name=[\"']Linux-Sysmon[\"']"
_SEPARATORS = re.compile(rb"(?:(?:----|time->[^\n]{1,60})\s*\n)*")
"""What ``ausearch`` writes before an event."""
_LINES = {
    "a VPC flow log without a line that names its fields; put its format before the first line"
    " (${version} ${account-id} …)": re.compile(_FLOW),
    "an audit log whose values are interpreted (ausearch -i), so that numbers and bytes of texts are lost;"
    " export it with ausearch --raw, or without -i": re.compile(_INTERPRETED),
    "an audit log as journalctl prints it, without the serials by which records belong together;"
    " export it with journalctl -o json _TRANSPORT=audit": re.compile(_JOURNAL),
    "what Sysmon for Linux writes (XML), which no sensor here reads: make JSON lines or CSV of it, with a"
    " column for each Data, and import them as sensor 'generic' with a mapping;"
    " or record the host with auditd, Falco, Tetragon or another sensor": re.compile(_SYSMON),
}
"""What a file is of which the first line looks so."""


def stranger(head: bytes) -> str | None:
    r"""Return what a file is that begins so and that no sensor reads; None where it is not known.

    Examples
    --------
    >>> stranger(b'[{"event": {"sequence": 7, "record_type": "execve", "summary": {}}}]')[:25]
    'what go-libaudit makes of'
    >>> stranger(b"7 123456789012 eni-0123456789abcdef0 10.0.0.1 10.0.0.2 5 80 6 1 40 1 2 web OK")[:15]
    'a VPC flow log '
    >>> stranger(b"----\ntype=CWD msg=audit(01/15/2027 08:00:00.250:7) : cwd=/")[:26]
    'an audit log whose values '
    >>> stranger(b'{"rule": "x"}')
    """
    first = _SEPARATORS.sub(b"", head.lstrip(), count=1).partition(b"\n")[0][:_LONGEST]
    by_keys = (what for what, keys in _KEYS.items() if has_keys(head, *keys))
    told = next(by_keys, next((what for what, form in _LINES.items() if form.search(first)), None))
    return told or printed(head)
