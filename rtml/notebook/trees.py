"""The process tree of a finding, as text with lines: it reads the same in every viewer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from rtml.showing.shown import NO_MATH, Content, Shown, element, html
from rtml.text import basename, visible

__all__ = ["tree"]

QUIET = 6
"""Children without a note that are shown under one process; the rest is counted."""

_LONGEST_COMMAND = 84


class _Line(NamedTuple):
    rails: str
    pid: str
    programs: str
    command: str
    note: str


def tree(node: Mapping[str, Any], notes: Mapping[int, str] | None = None) -> Shown:
    """Show a process tree.

    Parameters
    ----------
    node
        What `rtml.findings.process_tree` returned; empty: a line that says so.
    notes
        What to write beside a process, by ``process_id``. Processes with a note, and those that
        lead to one, are always shown; of the others `QUIET` under each parent.

    Examples
    --------
    >>> leaf = {"process_id": 2, "pid": 11, "images": [{"exe": "/bin/sh", "cmdline": "sh -c id"}],
    ...         "children": [], "left_out": 0}
    >>> root = {**leaf, "process_id": 1, "pid": 10, "children": [leaf],
    ...         "images": [{"exe": "/usr/sbin/nginx", "cmdline": None}]}
    >>> tree(root, {2: "9.5 bits"})
    10 nginx
    └─ 11 sh  sh -c id  ◀ 9.5 bits
    """
    if not node:
        return html(element("p", "This process is not in the capture."), "not in the capture")
    notes = notes or {}
    lines = list(_lines(node, notes, _leading(node, notes), "", ""))
    parts: list[Content] = []
    for line in lines:
        parts += [f"{line.rails}{line.pid} ", element("b", line.programs), f"  {line.command}"]
        parts += [element("b", f"  ◀ {line.note}")] if line.note else []
        parts.append(element("br"))
    shown = element("pre", *parts, class_=NO_MATH)
    return html(shown, "\n".join(map(_plain, lines)))


def _plain(line: _Line) -> str:
    text = f"{line.rails}{line.pid} {line.programs}  {line.command}".rstrip()
    return visible(text + (f"  ◀ {line.note}" if line.note else ""), 2 * _LONGEST_COMMAND)


def _leading(node: Mapping[str, Any], notes: Mapping[int, str]) -> set[int]:
    """Return the processes that have a note or lead to one."""
    leading: set[int] = set()
    for child in node["children"]:
        leading |= _leading(child, notes)
    return leading | {node["process_id"]} if leading or node["process_id"] in notes else leading


def _lines(
    node: Mapping[str, Any], notes: Mapping[int, str], leading: set[int], first: str, rest: str
) -> Iterator[_Line]:
    """Yield the process, then its children, in preorder; `process_tree` bounds the depth."""
    yield _line(node, notes, first)
    quiet = [child for child in node["children"] if child["process_id"] not in leading]
    hidden = {child["process_id"] for child in quiet[QUIET:]}
    children = [child for child in node["children"] if child["process_id"] not in hidden]
    left_out = node["left_out"] + len(hidden)
    for place, child in enumerate(children):
        last = place == len(children) - 1 and not left_out
        branch, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        yield from _lines(child, notes, leading, rest + branch, rest + below)
    if left_out:
        yield _Line(f"{rest}└─ ", "…", f"{left_out:,} more", "", "")


def _line(node: Mapping[str, Any], notes: Mapping[int, str], rails: str) -> _Line:
    images = node["images"]
    names = dict.fromkeys(
        basename(image["exe"]) if image["exe"] else f"[{image.get('comm')}]" for image in images
    )
    command = (images[-1]["cmdline"] if images else None) or ""
    return _Line(
        rails,
        str(node["pid"]),
        " → ".join(visible(name, 60) for name in names),
        visible(command, _LONGEST_COMMAND),
        notes.get(node["process_id"], ""),
    )
