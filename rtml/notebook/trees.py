"""The process tree of a finding: coloured by surprise and folded, and as text with lines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rtml.notebook.branches import Marks, Words, leading, words
from rtml.notebook.folds import folded
from rtml.showing.shown import Shown, element, html
from rtml.text import visible

__all__ = ["tree"]

QUIET = 6
"""Children without a note that the text shows under one process; the rest is counted."""

_LONGEST_LINE = 168


def tree(
    node: Mapping[str, Any],
    notes: Mapping[int, str] | None = None,
    bits: Mapping[int, float] | None = None,
    own: Collection[int] = (),
) -> Shown:
    """Show a process tree: quiet branches are folded, a click unfolds them.

    Parameters
    ----------
    node
        What `rtml.findings.process_tree` returned; empty: a line that says so.
    notes
        What to write beside a process, by ``process_id``. Processes with a note, and those that
        lead to one, are always shown; the others are folded and counted.
    bits
        The surprise of a process, by ``process_id``: a colour and a number. None: no colours.
    own
        Processes (``process_id``) that a finding is about; they are marked, and never folded.

    Examples
    --------
    >>> leaf = {"process_id": 2, "pid": 11, "images": [{"exe": "/bin/sh", "cmdline": "sh -c id"}],
    ...         "children": [], "left_out": 0}
    >>> root = {**leaf, "process_id": 1, "pid": 10, "children": [leaf],
    ...         "images": [{"exe": "/usr/sbin/nginx", "cmdline": None}]}
    >>> tree(root, {2: "9.5 bits"}, own=[2])
    10 nginx
    └─ 11 sh  sh -c id  ◀ 9.5 bits  ◆ this finding
    """
    if not node:
        return html(element("p", "This process is not in the capture."), "not in the capture")
    marks = Marks(notes or {}, bits, frozenset(own), leading(node, {*(notes or {}), *own}))
    return html(folded(node, marks), "\n".join(_lines(node, marks, "", "")))


def _lines(node: Mapping[str, Any], marks: Marks, first: str, rest: str) -> Iterator[str]:
    """Yield the process, then its children, in preorder; `process_tree` bounds the depth."""
    yield _plain(words(node, marks), first)
    quiet = [child for child in node["children"] if child["process_id"] not in marks.leading]
    hidden = {child["process_id"] for child in quiet[QUIET:]}
    children = [child for child in node["children"] if child["process_id"] not in hidden]
    left_out = node["left_out"] + len(hidden)
    for place, child in enumerate(children):
        last = place == len(children) - 1 and not left_out
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _lines(child, marks, rest + branch, rest + below)
    if left_out:
        yield f"{rest}└─ … {left_out:,} more"


def _plain(said: Words, rails: str) -> str:
    note = f"  ◀ {said.note}" if said.note else ""
    mark = "  ◆ this finding" if said.own else ""
    line = f"{rails}{said.pid} {said.programs}  {said.command}".rstrip()
    return visible(line + note, _LONGEST_LINE) + mark
