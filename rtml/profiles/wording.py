"""What was counted, in words: a key of a family and its context as one phrase."""

from __future__ import annotations

__all__ = ["ORDER", "phrase"]

_WORDS = {
    "binaries.program": "program {key}",
    "lineage.child": "child {key} of {given}",
    "destinations.address": "destination {key} by {given}",
    "destinations.port": "kind of destination {key} by {given}",
    "destinations.domain": "domain {key} by {given}",
    "calls.request": "call {key} by {given}",
    "files.write": "{key} by {given}",
    "files.read": "{key} by {given}",
    "audit.call": "API call {key}",
    "audit.agent": "user agent {key}",
    "audit.source": "address {key}",
    "audit.namespace": "namespace {key}",
    "audit.permission": "permission asked for {key}",
    "audit.grants": "granting {key}",
    "audit.image": "images {key} in {given}",
}
ORDER = {name: number for number, name in enumerate(_WORDS)}
"""Of what as many containers show, what tells most comes first; families of others come last."""


def phrase(family: str, given: str | None, key: str) -> str:
    """Say what was seen.

    Parameters
    ----------
    family
        Name of a conditional; one that has no words of its own is named as it is.
    given
        The nearest part of its context; None where that is unknown.
    key
        As the baseline keeps it, hostile as it may be.

    Examples
    --------
    >>> phrase("files.read", "/usr/bin/cat", "read /etc/shadow")
    'read /etc/shadow by /usr/bin/cat'
    >>> phrase("their.thing", None, "x"), phrase("lineage.child", None, "/bin/sh")
    ('their.thing x', 'child /bin/sh of (unknown)')
    """
    words = _WORDS.get(family, "{family} {key}" + (" given {given}" if given else ""))
    return words.format(family=family, key=key, given=given or "(unknown)")
