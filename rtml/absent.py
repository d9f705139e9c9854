"""What engines write where they know no name or id: the words that name nothing, in one place."""

from __future__ import annotations

__all__ = ["NAMELESS", "NO_ID", "is_nameless"]

NAMELESS = frozenset(
    {
        *("", "-", "--", "?", '""', "''", "n/a", "<na>", "<n/a>", "incomplete"),
        *("null", "(null)", "<null>", "none", "(none)", "<none>", "nil", "<nil>", "undefined", "<no value>"),
        *("<unknown>", "(unknown)", "[unknown]", "not_discovered_yet"),
    }
)
"""In lower case. None of them can be told from a name of a container, a pod or an image that is absent."""

NO_ID = NAMELESS | {"unknown", "nan"}
"""What ids are not, in lower case: something may be called ``unknown``, no runtime gives such an id."""


def is_nameless(text: str) -> bool:
    """Tell whether a text stands where no name is known.

    Examples
    --------
    >>> is_nameless("N/A"), is_nameless(" (null) "), is_nameless("web")
    (True, True, False)
    """
    return text.strip().lower() in NAMELESS
