"""Every measure of a judged side, with its formula and source as its function states them."""

from __future__ import annotations

from functools import partial

from docsite.markdown import prose, section, table
from rtml.evaluation.measures import REGISTERED

__all__ = ["measures"]

_HEAD = """# Measures

What `rtml evaluate --measures` prints of each judged side, as the functions document it. When each
misleads: [measures](../measures.md).

"""


def measures() -> str:
    """Return the page; measures that one function makes at several points stand together."""
    grouped: dict[object, list[str]] = {}
    for name, made in REGISTERED.items():
        grouped.setdefault(made.func if isinstance(made, partial) else made, []).append(name)
    rows = [
        (
            ", ".join(f"`{name}`" for name in names),
            prose(function).removeprefix("Return "),
            " ".join(section(function, "References").split()),
        )
        for function, names in grouped.items()
    ]
    return _HEAD + table(("measure", "what and how", "source"), rows)
