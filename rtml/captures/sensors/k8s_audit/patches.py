"""What a request asks for: an object, or a JSON patch as the object that it writes.

``kubectl patch --type=json`` and controllers send lists of operations; what they write must be seen
like the same change sent as an object, also where the answer is not logged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rtml.captures.sensors.k8s_audit.values import mapping

__all__ = ["asked_for"]

_LISTS = frozenset(
    "containers initContainers ephemeralContainers volumes rules subjects ports add command args"
    " apiGroups resources verbs".split()
)
"""Names under which an index is a place in a list; elsewhere a number is a key like any other."""
_DEEPEST = 32


def asked_for(request: Any) -> dict[str, Any]:
    """Return the object of a request.

    Operations ``add`` and ``replace`` of a JSON patch write; lists are joined, as their order says
    nothing here. Anything that is neither an object nor a patch is an empty object, as is a path
    of more than 32 steps.

    Examples
    --------
    >>> asked_for([{"op": "add", "path": "/subjects/-", "value": {"kind": "User", "name": "eve"}},
    ...     {"op": "replace", "path": "/metadata/labels/a~1b", "value": "c"}])
    {'subjects': [{'kind': 'User', 'name': 'eve'}], 'metadata': {'labels': {'a/b': 'c'}}}
    """
    if not isinstance(request, list):
        return mapping(request)
    written: dict[str, Any] = {}
    for operation in request:
        path = mapping(operation).get("path")
        if isinstance(path, str) and operation.get("op") in ("add", "replace"):
            steps = [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]
            if len(steps) <= _DEEPEST:
                written = _joined(written, _nested(steps, operation.get("value")), _DEEPEST)
    return written


def _nested(steps: Sequence[str], value: Any) -> dict[str, Any]:
    for above, step in reversed(list(zip(["", *steps], steps, strict=False))):
        in_list = above in _LISTS and (step == "-" or step.isdigit())
        value = [value] if in_list else {step: value}
    return mapping(value)


def _joined(one: dict[str, Any], other: dict[str, Any], deepest: int) -> dict[str, Any]:
    """Return both objects as one: what both name is joined, as far as it is of one kind."""
    both = dict(one)
    for key, value in other.items():
        known = both.get(key)
        if isinstance(known, dict) and isinstance(value, dict) and deepest:
            both[key] = _joined(known, value, deepest - 1)
        elif isinstance(known, list) and isinstance(value, list):
            both[key] = [*known, *value]
        else:
            both[key] = value
    return both
